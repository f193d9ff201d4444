#!/bin/bash
# NetworkManager calls this with an interface and what happened to it. A cable that only listens (mode
# external-access-point) has come up: look for a foreign DHCP server before anything else happens on it.
# The work is done in a unit of its own, because NetworkManager waits for this script.
set -euo pipefail

if [ "$2" = up ] && [ "${CONNECTION_ID:-}" = pacsberry-listen ]; then
    exec systemctl start --no-block "pacsberry-network@$1.service"
fi
