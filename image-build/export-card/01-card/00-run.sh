#!/bin/bash -e
# Puts the card together from plain files:
#
#   8 MiB   first partition, FAT32: firmware, kernel, settings that any computer can edit      BOOT_MIB
#   then    second partition, ext4: the system, read and hardly ever written
#   then    third partition, ext4: the archive; small here, grows to the end of the card at the first boot
#
# The same tree gives the same bytes: names, ids and dates come from the inputs, files are taken in sorted order.
set -euo pipefail
# shellcheck source=/dev/null
source "${STAGE_DIR}/defaults"

BOOT_MIB=256  # two kernels and two initial ramdisks with room to spare: an update writes the new beside the old
SPARE_MIB=640 # for updates of the system
DATA_MIB=64   # enough to boot with; the first boot grows it
ALIGN_MIB=8   # the erase blocks of memory cards

image=${STAGE_WORK_DIR}/${IMG_FILENAME}.img
export TZ=UTC
disk_id=$(sha256sum <<<"${IMG_FILENAME} ${SOURCE_DATE_EPOCH}" | cut -c1-8)
uuid() { # uuid NAME: always the same one for the same build
    sha256sum <<<"$1 ${disk_id}" | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'
}

# The partitions by name: what was written with placeholders (as pi-gen does) becomes what this card has.
boot=PARTUUID=${disk_id}-01 root=PARTUUID=${disk_id}-02 data=PARTUUID=${disk_id}-03
tree=${ROOTFS_DIR}
for file in etc/fstab etc/default/raspi-firmware boot/firmware/cmdline.txt; do
    if [[ -f ${tree}/${file} ]]; then
        sed -i "s/BOOTDEV/${boot}/g; s/ROOTDEV/${root}/g; s/DATADEV/${data}/g" "${tree}/${file}"
    fi
done

# Raspberry Pi OS lets the system partition grow to the end of the card; here that is the place of the third one.
if [[ -f ${tree}/boot/firmware/cmdline.txt ]]; then
    sed -i -E 's/ (resize|init=[^ ]*firstboot)( |$)/\2/g' "${tree}/boot/firmware/cmdline.txt"
fi

# mke2fs of the image itself: its defaults are what its kernel and fsck know, and unlike the one of an older build
# machine it takes all dates from SOURCE_DATE_EPOCH.
emulator=()
if [[ $(dpkg --print-architecture) != "${ARCH}" ]]; then
    emulator=("$(command -v qemu-aarch64 || command -v qemu-aarch64-static)" -L "${tree}")
else # with its own libraries: an older build machine has older ones
    for loader in "${tree}"/usr/lib/*-linux-gnu/ld-linux-*.so.*; do
        [[ ! -x ${loader} ]] || emulator=("${loader}" --library-path "$(dirname "${loader}")")
    done
fi
make_ext4() { # make_ext4 FILE MIB LABEL OPTION...
    truncate -s "$2M" "$1"
    MKE2FS_CONFIG=${tree}/etc/mke2fs.conf "${emulator[@]}" "${tree}/usr/sbin/mke2fs" -q -t ext4 -b 4096 -T default \
        -L "$3" -U "$(uuid "$3")" -E "hash_seed=$(uuid "seed of $3"),lazy_itable_init=1,lazy_journal_init=0${5:+,$5}" \
        -O ^huge_file "${@:6}" ${4:+-d "$4"} "$1"
    e2fsck -fn "$1" >/dev/null || { echo "$3 is not a sound file system" >&2; return 1; }
}

work=${STAGE_WORK_DIR}/parts
rm -rf "${work}"
mkdir -p "${work}/firmware"

# --- the boot partition; its files leave the tree, so that they are not in the root as well
mv "${tree}/boot/firmware" "${work}/firmware/files"
mkdir "${tree}/boot/firmware"
touch --date="@${SOURCE_DATE_EPOCH}" "${tree}/boot/firmware" "${tree}/boot"
# FAT takes the dates of the files as they are, and this script has just written one of them.
find "${work}/firmware/files" -newermt "@${SOURCE_DATE_EPOCH}" -exec touch --date="@${SOURCE_DATE_EPOCH}" {} +
truncate -s "${BOOT_MIB}M" "${work}/boot"
# One sector per cluster: FAT32 needs 65525 clusters, and some computers and the Pi's loader count them.
mkfs.vfat --invariant -F 32 -s 1 -i "${disk_id}" -n PACSBERRY "${work}/boot" >/dev/null
(
    cd "${work}/firmware/files"
    find . -type d | LC_ALL=C sort | while read -r folder; do
        [[ ${folder} == . ]] || mmd -i "${work}/boot" "::${folder#./}"
        mapfile -t files < <(find "${folder}" -maxdepth 1 -type f | LC_ALL=C sort)
        [[ ${#files[@]} -eq 0 ]] || mcopy -m -i "${work}/boot" "${files[@]}" "::${folder#.}/"
    done
)

# --- the system, and an empty archive
# mke2fs makes no date later than SOURCE_DATE_EPOCH; when this build last read a file is earlier if nothing was made anew.
find "${tree}" -exec touch --no-dereference --time=atime --date="@${SOURCE_DATE_EPOCH}" {} +
used=$(du -x -s --block-size=1M "${tree}" | cut -f1)
root_mib=$(((used * 106 / 100 + SPARE_MIB + 63) / 64 * 64))
make_ext4 "${work}/root" "${root_mib}" rootfs "${tree}" "" -m 1
# Room for the tables of a card of 2 TB, so that growing never has to move anything; a bigger journal than so small a
# file system would get; one inode per 32 KiB, which is less than a packed slice.
make_ext4 "${work}/data" "${DATA_MIB}" data "" "resize=$((2 * 1024 * 1024 * 256))" -i 32768 -J size=16 -m 0

# --- the card
boot_start=$((ALIGN_MIB)) root_start=$((ALIGN_MIB + BOOT_MIB)) data_start=$((ALIGN_MIB + BOOT_MIB + root_mib))
rm -f "${image}"
truncate -s "$((data_start + DATA_MIB))M" "${image}"
sfdisk --quiet "${image}" <<END
label: dos
label-id: 0x${disk_id}
start=$((boot_start * 2048)), size=$((BOOT_MIB * 2048)), type=c, bootable
start=$((root_start * 2048)), size=$((root_mib * 2048)), type=83
start=$((data_start * 2048)), size=$((DATA_MIB * 2048)), type=83
END
dd if="${work}/boot" of="${image}" bs=1M seek="${boot_start}" conv=notrunc,sparse status=none
dd if="${work}/root" of="${image}" bs=1M seek="${root_start}" conv=notrunc,sparse status=none
dd if="${work}/data" of="${image}" bs=1M seek="${data_start}" conv=notrunc,sparse status=none
mv "${work}/firmware/files" "${work}/boot-files"
rm -f "${work}/boot" "${work}/root" "${work}/data"
log "    boot ${BOOT_MIB} MiB, system ${root_mib} MiB (${used} used), data ${DATA_MIB} MiB"
