/* A body too long for a 16-bit jump offset. From CPU v4 on, clang uses gotol. */
#define X1 p[0] = p[1] * p[2] + p[3] % p[4]; p[5] = p[6] / p[7];
#define X16 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1 X1
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16
#define X2048 X256 X256 X256 X256 X256 X256 X256 X256

int far(volatile unsigned long long *p)
{
	while (p[8]) {
		if (p[9]) {
			X2048
		}
		p[10] = 1;
	}
	return 0;
}
