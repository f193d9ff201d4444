"""Plans, files and what real dnsmasq, nft and nmcli make of them."""
