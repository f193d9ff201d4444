#!/bin/bash
# A NetworkManager of its own: run by `unshare --net --mount`, with a bus, a /run and settings that nobody else sees.
# Usage: manager_house.sh FOLDER PROGRAM... ; the program runs beside it. The cable is called eth7; its other end, tab0, is
# in the network namespace that the file FOLDER/tablet is mounted from.
set -euo pipefail
folder=$1
shift
# Read-only: NetworkManager then does not wait for udev, which knows nothing of these interfaces.
mount -t sysfs -o ro sysfs /sys
mkdir -p "$folder/run" "$folder/etc" "$folder/var"
mkdir "$folder/run/netns"
mount --rbind /run/netns "$folder/run/netns"
mount --rbind "$folder/run" /run
mount --bind "$folder/etc" /etc/NetworkManager
mount --bind "$folder/var" /var/lib/NetworkManager
mkdir -p /run/dbus /run/NetworkManager/system-connections /run/pacsberry /etc/NetworkManager/dnsmasq-shared.d
printf '[main]\nplugins=keyfile\nno-auto-default=*\ndns=none\n[connectivity]\nenabled=false\n[keyfile]\nunmanaged-devices=interface-name:tab0\n' \
    >/etc/NetworkManager/NetworkManager.conf
echo 'conf-file=/run/pacsberry/dnsmasq.conf' >/etc/NetworkManager/dnsmasq-shared.d/pacsberry.conf
cat >"$folder/bus.conf" <<'END'
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/> <allow send_destination="*"/> <allow receive_sender="*"/>
    <allow send_type="method_call"/> <allow receive_type="method_call"/>
  </policy>
</busconfig>
END
ip link set lo up
ip link add eth7 type veth peer name tab0
ip link set eth7 up
ip link set tab0 netns "$(cat "$folder/tablet")"
ip netns exec "$(cat "$folder/tablet")" ip link set tab0 up
dbus-daemon --config-file="$folder/bus.conf" --nofork &
bus=$!
NetworkManager --no-daemon >"$folder/manager.log" 2>&1 &
manager=$!
trap 'kill $manager $bus; wait' EXIT
"$@"
