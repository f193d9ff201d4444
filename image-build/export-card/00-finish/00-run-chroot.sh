#!/bin/bash -e
# Makes every card that is flashed from the image a box of its own: nothing that names a machine stays in the tree,
# and nothing that only the build needed.
set -euo pipefail

# One initial ramdisk, at the end. On Debian's base there is none yet, and raspi-firmware copies kernel, ramdisk and
# device trees to the boot partition only when both are there.
for modules in /usr/lib/modules/*; do
    version=${modules##*/}
    if [[ -x /etc/kernel/postinst.d/z50-raspi-firmware && ! -e /boot/initrd.img-$version ]]; then
        update-initramfs -c -k "$version"
        DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware "$version" "/boot/vmlinuz-$version"
    fi
done

# On Raspberry Pi OS there is one from the beginning, and pi-gen has forbidden to make it anew until its export: ours does.
settings=/etc/initramfs-tools/update-initramfs.conf
if grep -qs '^update_initramfs=no' "$settings"; then
    sed -i 's/^update_initramfs=.*/update_initramfs=yes/' "$settings"
    update-initramfs -u -k all
fi

apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache
rm -rf /root/.ansible /root/.cache /root/.bash_history

# Built once instead of at every start of a sealed system.
journalctl --update-catalog

# Made anew by each box: its name to systemd, its ssh keys, its random seed, its leases. An empty machine-id is a new one
# at the next boot; `uninitialized` would also make it a "first boot", at which systemd enables every unit there is.
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -rf /var/lib/NetworkManager/* /var/lib/systemd/timers/* /var/lib/systemd/timesync/*
find /var/log -type f -delete
