"""What runs in the guest. It imports few modules, because each takes time on an emulated CPU."""
