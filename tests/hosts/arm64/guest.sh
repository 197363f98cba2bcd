#!/bin/busybox sh
# Process 1 of an emulated arm64 machine, twice: in the initramfs, which loads what the root needs, then in the root.
# The console carries the command's output; the last line is `ARM64 EXIT n`.

mount_all() {
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t devtmpfs dev /dev 2>/dev/null
}

boot() {
    busybox=/bin/busybox
    $busybox mkdir -p /proc /sys /dev /new
    $busybox mount -t proc proc /proc
    $busybox mount -t devtmpfs dev /dev
    for module in $($busybox cat /modules/order); do $busybox insmod "/modules/$module" || echo "ARM64 no $module"; done
    # The disks appear some time after their driver.
    for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e /dev/vdb ] || $busybox sleep 1; done
    $busybox mount -t ext4 /dev/vda /new
    $busybox mount -t ext4 /dev/vdb /new/srv
    $busybox umount /proc
    exec $busybox switch_root /new /usr/bin/busybox sh /srv/guest.sh host
}

host() {
    export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8
    mount_all
    # For what the kernel lacks. kmod's own needs an index that only the install script of the kernel makes.
    ln -s /usr/bin/busybox /run/modprobe
    echo /run/modprobe >/proc/sys/kernel/modprobe
    mkdir -p /dev/pts /dev/shm /dev/mqueue
    ln -s /proc/self/fd /dev/fd
    mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
    mount -t tmpfs -o mode=1777 shm /dev/shm
    mount -t mqueue mqueue /dev/mqueue
    mount -t securityfs securityfs /sys/kernel/security
    mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
    mount --make-rshared /
    for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
    done
    mkdir /sys/fs/cgroup/command.scope
    echo 0 >/sys/fs/cgroup/command.scope/cgroup.procs
    ip link set lo up
    hostname arm64
    ulimit -Hn 524288
    cd /srv/bulkhead
    sh /srv/command </dev/null 2>&1
    echo "ARM64 EXIT $?"
    sync
    echo o >/proc/sysrq-trigger
    sleep 60
}

case ${1-} in
    host) host ;;
    *) boot ;;
esac
