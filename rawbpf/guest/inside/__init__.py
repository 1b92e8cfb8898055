"""The code that runs inside the guest.

This code imports few modules, because imports are slow on an emulated CPU.
"""
