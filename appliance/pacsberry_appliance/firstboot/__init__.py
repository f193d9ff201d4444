"""What happens at each boot before the network: new files are taken, everything is made of the settings.

`deciding` (pure) says what the settings become, `accounts` makes the passwords so, `result` puts it into words,
`starting` does it in an order that a pulled plug cannot spoil.
"""
