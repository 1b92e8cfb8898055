/* An iterator is advanced before it is initialized.
 *
 * bpf_iter_num_new initializes an open-coded iterator on the stack. bpf_iter_num_next may be called
 * only after that, and before bpf_iter_num_destroy. Look at what happens to it before.
 *
 * rawbpf: rule RB-V054
 * rawbpf: kernel 6.4
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

SEC("tc")
int iterator_not_initialised(struct __sk_buff *skb)
{
	struct bpf_iter_num it = {};

	while (bpf_iter_num_next(&it))
		;
	bpf_iter_num_destroy(&it);
	return 0;
}
