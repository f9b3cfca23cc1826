"""Every service is restarted, one instance after the other, while players go on playing (H21): nothing may fail."""
