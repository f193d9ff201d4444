#!/bin/bash -e
# What the build machine lent is taken back, and nothing in the tree is younger than what it was made of.
set -euo pipefail
# shellcheck source=/dev/null
source "${STAGE_DIR}/defaults"

unmount "${ROOTFS_DIR}"
rm -f "${ROOTFS_DIR}/etc/resolv.conf" "${ROOTFS_DIR}/etc/resolv.conf.orig"
ln -s /run/NetworkManager/resolv.conf "${ROOTFS_DIR}/etc/resolv.conf"
find "${ROOTFS_DIR}" -xdev -newermt "@${SOURCE_DATE_EPOCH}" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +
# Nothing has to be brought up to date at the first boot, nor at every boot of a sealed system (systemd-update-done(8)).
touch --date="@$((SOURCE_DATE_EPOCH + 1))" "${ROOTFS_DIR}/etc/.updated" "${ROOTFS_DIR}/var/.updated"
