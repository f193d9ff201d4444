"""Programs that run inside the guest, in the place of a tablet; standard library only, because the box has no more."""
