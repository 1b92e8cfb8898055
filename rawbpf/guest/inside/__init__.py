"""What runs in the guest. Imports little: an emulated CPU pays for each module."""
