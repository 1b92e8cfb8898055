/* Functions, types and variables of a kernel module.
 *
 * The module nf_conntrack tracks network connections. note() is run on a test packet. It calls kernel
 * functions that the module exports to BPF programs (kfuncs): it adds a connection, and then looks it
 * up. The size of struct bpf_ct_opts is only in the BTF of the module: 12 bytes, 16 since 6.10.
 *
 * watch() is attached to the entry of one function of the module, and answered() to the exit of
 * another. answered() reads, through CO-RE, a struct that only the module's BTF defines. The events
 * that both send do not depend on the module's types.
 *
 * rawbpf: kernel 6.0, module nf_conntrack
 */
#include "vmlinux.h"
#include <rawbpf/bpf.h>
#include <rawbpf/core.h>

LICENSE("GPL");

struct bpf_ct_opts___ours {
	s32 netns_id;
	s32 error;
	u8 l4proto;
} CORE;

struct nf_conn___init;
struct bpf_ct_opts;

extern struct nf_conn___init *bpf_skb_ct_alloc(struct __sk_buff *skb_ctx,
					       struct bpf_sock_tuple *bpf_tuple, u32 tuple__sz,
					       struct bpf_ct_opts *opts, u32 opts__sz) __ksym __weak;
extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb_ctx,
					 struct bpf_sock_tuple *bpf_tuple, u32 tuple__sz,
					 struct bpf_ct_opts *opts, u32 opts__sz) __ksym __weak;
extern void bpf_ct_set_timeout(struct nf_conn___init *nfct, u32 timeout) __ksym __weak;
extern struct nf_conn *bpf_ct_insert_entry(struct nf_conn___init *nfct_i) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *nfct) __ksym __weak;

extern const struct seqcount xt_recseq __ksym __weak;	/* per-CPU variable of the module x_tables */
extern const void nf_conntrack_hash __ksym __weak;	/* only its address is used */

enum { AT_INSERT = 1, AT_LOOKUP = 2 };

struct seen {
	u32 where;
	u32 protocol;
	s32 error;
	u32 found;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

const struct seen *seen_type;

u32 opts_size = 0, opts_type = 0, recseq = 1;
u64 hash_address = 0;

static void send(u32 where, u32 protocol, s32 error, u32 found)
{
	struct seen *seen = bpf_ringbuf_reserve(&events, sizeof(*seen), 0);

	if (seen) {
		*seen = (struct seen){ where, protocol, error, found };
		bpf_ringbuf_submit(seen, 0);
	}
}

SEC("tc")
int note(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = {};
	u64 room[2] = {};
	struct bpf_ct_opts___ours *opts = (void *)room;
	struct bpf_ct_opts *theirs = (void *)room;
	struct nf_conn___init *fresh;
	struct nf_conn *conn;

	opts_size = core_type_size(struct bpf_ct_opts___ours);
	opts_type = core_type_id_kernel(struct bpf_ct_opts___ours);
	hash_address = (u64)&nf_conntrack_hash;
	if (&xt_recseq)
		bpf_probe_read_kernel(&recseq, sizeof(recseq), bpf_this_cpu_ptr(&xt_recseq));

	tuple.ipv4.saddr = 0x0100000a;	/* 10.0.0.1 */
	tuple.ipv4.daddr = 0x0200000a;
	tuple.ipv4.sport = skb->len;
	tuple.ipv4.dport = 80;
	opts->netns_id = -1;	/* the network namespace of the packet */
	opts->l4proto = 6;	/* TCP */
	fresh = bpf_skb_ct_alloc(skb, &tuple, sizeof(tuple.ipv4), theirs,
				 core_type_size(struct bpf_ct_opts___ours));
	if (!fresh)
		return 1;
	bpf_ct_set_timeout(fresh, 30000);
	conn = bpf_ct_insert_entry(fresh);
	if (!conn)
		return 2;
	bpf_ct_release(conn);
	conn = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), theirs,
				 core_type_size(struct bpf_ct_opts___ours));
	if (!conn)
		return 3;
	bpf_ct_release(conn);
	tuple.ipv4.dport = 81;
	conn = bpf_skb_ct_lookup(skb, &tuple, sizeof(tuple.ipv4), theirs,
				 core_type_size(struct bpf_ct_opts___ours));
	if (conn) {
		bpf_ct_release(conn);
		return 4;
	}
	return 0;
}

SEC("fentry/nf_conntrack_hash_check_insert")
int watch(u64 *ctx)
{
	struct nf_conn *conn = (void *)ctx[0];

	send(AT_INSERT, conn->tuplehash[0].tuple.dst.protonum, 0, 0);
	return 0;
}

SEC("fexit/bpf_skb_ct_lookup")
int answered(u64 *ctx)
{
	struct bpf_ct_opts___ours *opts = (void *)ctx[3];

	send(AT_LOOKUP, opts->l4proto, opts->error, ctx[5] != 0);
	return 0;
}
