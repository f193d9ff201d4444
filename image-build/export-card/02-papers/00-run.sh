#!/bin/bash -e
# Compresses the card and writes what goes with it: block map (a card is written in half the time with it), checksums,
# the list of what is in it, the entry for Raspberry Pi Imager.
set -euo pipefail
# shellcheck source=/dev/null
source "${STAGE_DIR}/defaults"

image=${STAGE_WORK_DIR}/${IMG_FILENAME}.img
name=${IMG_FILENAME}.img
case ${COMPRESSION:-zstd} in
xz)
    packed=${DEPLOY_DIR}/${name}.xz
    nice -n 10 xz -T0 -6 --stdout "${image}" >"${packed}.part"
    ;;
*)
    packed=${DEPLOY_DIR}/${name}.zst
    # A window of 128 MiB, the most that every unpacker takes unasked.
    nice -n 10 zstd -q -T0 -12 --long=27 --force "${image}" -o "${packed}.part"
    ;;
esac
mv "${packed}.part" "${packed}"
bmaptool --quiet create --output "${DEPLOY_DIR}/${name}.bmap" "${image}"
python3 -I papers.py sbom "${ROOTFS_DIR}" >"${DEPLOY_DIR}/${IMG_FILENAME}.cdx.json"
python3 -I papers.py manifest "${image}" "${packed}" >"${DEPLOY_DIR}/${IMG_FILENAME}.rpi-imager-manifest"
(cd "${DEPLOY_DIR}" && sha256sum "$(basename "${packed}")" "${name}.bmap" "${IMG_FILENAME}.cdx.json" >"${IMG_FILENAME}.sha256")
(cd "$(dirname "${image}")" && sha256sum "${name}") >>"${DEPLOY_DIR}/${IMG_FILENAME}.sha256"
log "    $(($(stat -c %s "${packed}") / 1000000)) MB compressed, $(($(stat -c %s "${image}") / 1000000)) MB on the card"
