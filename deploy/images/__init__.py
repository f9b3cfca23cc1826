"""The images: what is in them, and how they are built with whatever builds images on this machine."""
