"""The image itself: read as a file, booted in QEMU, its Wi-Fi joined. Run by `make test-image`."""
