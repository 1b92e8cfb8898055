"""What runs in the guest.

The code imports few modules, because imports take time on an emulated CPU.
"""
