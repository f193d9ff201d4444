#!/bin/bash -e
# The third partition of this card: where it is mounted, and what makes it as large as the card.
set -euo pipefail

install -m 0755 files/pacsberry-grow "${ROOTFS_DIR}/usr/local/sbin/pacsberry-grow"
install -m 0644 files/pacsberry-grow.service "${ROOTFS_DIR}/etc/systemd/system/pacsberry-grow.service"
ln -sf ../pacsberry-grow.service "${ROOTFS_DIR}/etc/systemd/system/sysinit.target.wants/pacsberry-grow.service"
# noinit_itable: a fresh file system would fill its tables with zeros for hours. nofail: with an unreadable archive, the box
# still boots and says so; after minutes, because an old card on a busy board may take its time.
printf '%s\n' 'DATADEV  /data  ext4  noatime,noinit_itable,errors=remount-ro,nofail,x-systemd.device-timeout=5min,x-systemd.growfs  0  2' \
    >>"${ROOTFS_DIR}/etc/fstab"
