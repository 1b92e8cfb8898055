"""The same command in a throwaway QEMU guest, for machines that cannot trace."""
