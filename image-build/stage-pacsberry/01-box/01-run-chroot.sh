#!/bin/bash -e
# Nobody has a password that others may know: pi-gen insists on one for its first user, and it is the same on every card.
set -euo pipefail

while IFS=: read -r user password _; do
    case $password in
    '!'* | '*'*) ;;
    *) usermod --password '!' "$user" ;;
    esac
done <<<"$(cat /etc/shadow)"
