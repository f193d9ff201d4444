#!/bin/bash -e
# From a finished tree to a file that can be flashed, without a mount, a loop device or a partition node: for
# `make image`, and as EXPORT_CONFIG_DIR for pi-gen. Works on a copy, so that the stage can be built upon again.
set -euo pipefail

mkdir -p "${ROOTFS_DIR}" "${DEPLOY_DIR}"
cp --archive --one-file-system "${EXPORT_ROOTFS_DIR}/." "${ROOTFS_DIR}/"
