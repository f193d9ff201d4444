"""What makes a computer with Pacsberry a box for a classroom: health, network, power, first boot. Empty so far."""
