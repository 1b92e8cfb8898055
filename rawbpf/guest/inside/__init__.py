"""What runs in the guest. It imports few modules, which take time on an emulated CPU."""
