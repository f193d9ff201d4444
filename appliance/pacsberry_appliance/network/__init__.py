"""How the class gets in: radios, profiles, names, addresses, firewall, and changes that take themselves back.

`plan` decides (pure), `rendering` writes, `applying` tells NetworkManager; `guard` looks for a foreign DHCP server.
"""
