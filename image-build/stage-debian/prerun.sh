#!/usr/bin/env bash
# A plain Debian for a Pi, unpacked by one run of apt: the packages of this stage and, so that QEMU has to run apt only
# once, those of stage-pacsberry. What is kept is named after what went in, so an old one is never taken by mistake.
set -euo pipefail

lists=("$STAGE_DIR/packages" "$BASE_DIR"/stage-pacsberry/*/[0-9][0-9]-packages)
packages=$(sed -e 's/#.*//' "${lists[@]}" | xargs -n1 | LC_ALL=C sort -u | paste -sd,)
archive=$PACSBERRY_IMAGE_CACHE/archive
name=$(cat "$STAGE_DIR/prerun.sh" "$STAGE_DIR/dpkg.cfg" "$STAGE_DIR/backports.pref" "$archive/$RELEASE" "$archive/$RELEASE-security" - <<<"$packages $ARCH $DEBIAN_MIRROR $SECURITY_MIRROR" | sha256sum | cut -c1-16)
base=$PACSBERRY_IMAGE_CACHE/base-$name.tar.zst
key=/usr/share/keyrings/debian-archive-keyring.gpg
# The date of Debian's own lists: the same packages make the same tree.
SOURCE_DATE_EPOCH=$(date -d "$(archive_date)" +%s)
export SOURCE_DATE_EPOCH

if [[ ! -f $base ]]; then
    log "  apt unpacks and configures the base system; with QEMU that takes about five minutes"
    mkdir -p "$PACSBERRY_IMAGE_CACHE/debs"
    # INITRD=No: the initial ramdisk is made once, at the end.
    # Packages are kept in `debs`, so that a build that was interrupted does not fetch them again.
    INITRD=No mmdebstrap --quiet --architectures="$ARCH" --variant=minbase --format=tar \
        --components='main non-free-firmware' --include="$packages" \
        --skip=download/empty,essential/unlink \
        --setup-hook="mkdir -p \"\$1\"/var/cache/apt/archives \"\$1\"/etc/apt/preferences.d" \
        --setup-hook="copy-in '$STAGE_DIR/backports.pref' /etc/apt/preferences.d" \
        --setup-hook="sync-in '$PACSBERRY_IMAGE_CACHE/debs' /var/cache/apt/archives" \
        --customize-hook="sync-out /var/cache/apt/archives '$PACSBERRY_IMAGE_CACHE/debs'" \
        --customize-hook="rm -f \"\$1\"/var/cache/apt/archives/*.deb" \
        --aptopt='Acquire::Languages "none"' \
        --dpkgopt="$STAGE_DIR/dpkg.cfg" \
        "$RELEASE" "$base.part" - <<END
deb [signed-by=$key] $DEBIAN_MIRROR $RELEASE main non-free-firmware
deb [signed-by=$key] $DEBIAN_MIRROR $RELEASE-updates main non-free-firmware
deb [signed-by=$key] $DEBIAN_MIRROR $RELEASE-backports main
deb [signed-by=$key] $SECURITY_MIRROR $RELEASE-security main non-free-firmware
END
    zstd --quiet --rm -T0 -5 "$base.part" -o "$base.new"
    mv "$base.new" "$base"
    # Two are kept: this one and the one before it.
    find "$PACSBERRY_IMAGE_CACHE" -maxdepth 1 -name 'base-*.tar.zst' -printf '%T@ %p\n' | sort -rn | tail -n +3 |
        cut -d' ' -f2- | xargs -r rm
fi
mkdir -p "$ROOTFS_DIR"
tar --extract --zstd --numeric-owner --xattrs --xattrs-include='*' --file "$base" --directory "$ROOTFS_DIR"
