/* An iterator is not destroyed.
 *
 * bpf_iter_num_new may take memory or references, and bpf_iter_num_destroy releases them. It must
 * be called even if bpf_iter_num_new failed. Look at the end of the function.
 *
 * rawbpf: kernel 6.4
 * rawbpf: rule RB-V017
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>

LICENSE("GPL");

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

SEC("tc")
int iterator_not_destroyed(struct __sk_buff *skb)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 10);
	while (bpf_iter_num_next(&it))
		;
	return 0;
}
