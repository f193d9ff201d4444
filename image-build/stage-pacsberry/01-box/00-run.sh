#!/bin/bash -e
# The playbook that makes a Pacsberry of any computer makes one of this tree: the same roles as for `make deploy`.
set -euo pipefail

project=$(cd "${STAGE_DIR}/../.." && pwd)
unmount "${ROOTFS_DIR}"
"${project}/ansible/in-root" "${ROOTFS_DIR}" --extra-vars '{"pacsberry_packages_by_role": false}'
