#!/bin/bash -e
# The playbook that makes a Pacsberry of any computer makes one of this tree: the same roles as for `make deploy`.
set -euo pipefail

project=$(cd "${STAGE_DIR}/../.." && pwd)
unmount "${ROOTFS_DIR}"
"${project}/ansible/in-root" "${ROOTFS_DIR}" --extra-vars '{"pacsberry_packages_by_role": false}'

# Where the stage before it put cloud-init (pi-gen does so, whatever ENABLE_CLOUD_INIT says): what Imager writes for it is
# read by our own first boot, and two of them would fight about users and networks.
if [ -d "${ROOTFS_DIR}/etc/cloud" ]; then
    touch "${ROOTFS_DIR}/etc/cloud/cloud-init.disabled"
fi
