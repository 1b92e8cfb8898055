"""Program source code: assembles `.bpf.s` files into specs, and compiles C into objects."""
