/* A switch that becomes a chain of comparisons. */
int choose(unsigned int *p)
{
	switch (p[0]) {
	case 1: return p[1] * 3;
	case 2: return p[2] - 4;
	case 7: return p[3] | 5;
	case 1000000: return p[4];
	case 0xfffffff0: return 9;
	default: return (int)p[0] < -5 ? 1 : 2;
	}
}
