#!/bin/bash -e
# What Raspberry Pi OS brings by itself: partitions, the Pi's boot files, a name. ROOTDEV and the like are replaced when
# the card is put together.
set -euo pipefail

install -m 0644 files/fstab "${ROOTFS_DIR}/etc/fstab"
# raspi-firmware writes config.txt and cmdline.txt from these at every update of the kernel.
install -m 0644 files/raspi-firmware "${ROOTFS_DIR}/etc/default/raspi-firmware"
install -m 0644 files/raspi-firmware-custom "${ROOTFS_DIR}/etc/default/raspi-firmware-custom"
install -m 0644 files/raspi-extra-cmdline "${ROOTFS_DIR}/etc/default/raspi-extra-cmdline"
install -m 0644 files/initramfs.conf "${ROOTFS_DIR}/etc/initramfs-tools/conf.d/pacsberry.conf"
install -m 0755 files/initramfs-hook "${ROOTFS_DIR}/etc/initramfs-tools/hooks/pacsberry"
echo "${TARGET_HOSTNAME}" | install -m 0644 /dev/stdin "${ROOTFS_DIR}/etc/hostname"
install -m 0644 files/hosts "${ROOTFS_DIR}/etc/hosts"
sed -i "s/HOSTNAME/${TARGET_HOSTNAME}/" "${ROOTFS_DIR}/etc/hosts"
