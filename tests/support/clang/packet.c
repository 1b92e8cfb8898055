/* Packet access with the instructions inherited from classic BPF. */
unsigned long long load_byte(void *skb, unsigned long long off) __asm__("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) __asm__("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) __asm__("llvm.bpf.load.word");

__attribute__((section("socket"))) int ports(void *skb)
{
	if (load_half(skb, 12) != 0x0800 || load_byte(skb, 23) != 6)
		return 0;
	unsigned long long at = 14 + (load_byte(skb, 14) & 15) * 4;
	return load_half(skb, at) == 80 ? -1 : load_word(skb, at) & 0xffff;
}
