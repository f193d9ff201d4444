#!/bin/bash -e
# Begins with what the stage before it left, as every stage of pi-gen does.
set -euo pipefail

if [ ! -d "${ROOTFS_DIR}" ]; then
    copy_previous
fi
