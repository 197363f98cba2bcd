/** Where programs and libraries live. Nothing of /root, /home, /run, /opt, /srv or /boot is ever shown. */
export const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] as const;

/**
 * Files generated on a machine, so that no package's digest identifies them, and files that contain no secrets on any
 * distribution, whoever edits them. Every other file of /etc must be as a package shipped it. /etc/passwd, group, hosts
 * and resolv.conf are created anew.
 */
const ETC: ReadonlySet<string> = new Set([
  "alternatives",
  "bash.bashrc",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "ethertypes",
  "fonts",
  "inputrc",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "locale.conf",
  "localtime",
  "magic",
  "magic.mime",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "papersize",
  "perl",
  "profile",
  "protocols",
  "rpc",
  "services",
  "sgml",
  "shells",
  "terminfo",
  "texmf",
  "timezone",
  "xml",
]);

/** Directories of a language, named after its version. */
const ETC_FAMILY = /^(python3|java)[-.0-9a-z]*$/;

/** Public parts of directories that also contain private keys. */
export const ETC_DEEP = [
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
  "/etc/pki/ca-trust/extracted",
  "/etc/pki/tls/certs",
] as const;

/** Created anew for each sandbox, at these paths. */
export const MADE: ReadonlySet<string> = new Set(["passwd", "group", "hosts", "hostname", "resolv.conf"]);

/**
 * Files that start, update and guard the machine: no workload's program reads them, and each mount costs time. Secrecy
 * does not depend on this list.
 */
const OF_THE_MACHINE =
  /^(PackageKit|adduser\.conf|apache2|apparmor(\.d)?|appstream\.conf|apt|bash_completion\.d|bind|bindresvport\.blacklist|binfmt\.d|cloud|containers|cron\..*|crontab|cups.*|dbus-1|debconf\.conf|default|deluser\.conf|dhcp|docker|dovecot|dpkg|e2scrub\.conf|environment\.d|exim4|fstab|grub\.d|gshadow-?|init(\.d|ramfs-tools)?|insserv\.conf\.d|issue(\.net)?|kernel|libaudit\.conf|libibverbs\.d|lighttpd|logcheck|login\.defs|logrotate\.(conf|d)|modprobe\.d|module(s|s-load\.d)|mongod?b?.*|monit|motd|mysql|netconfig|netplan|network|networks|nginx|opt|pam\.(conf|d)|polkit-1|postfix|postgresql.*|ppp|qemu-if(down|up)|rc[0-9S]\.d|redis|resolvconf|rsyslog\.(conf|d)|runit|samba|securetty|security|selinux|sensors.*|squid|ssh|shadow-?|skel|sub[gu]id-?|sudo(\.conf|_logsrvd\.conf|ers(\.d)?)|sv|sysctl\.(conf|d)|systemd|sysusers\.d|tmpfiles\.d|ucf\.conf|udev|ufw|update-(motd\.d|notifier)|xattr\.conf)$/;

/** Words in a name that hide a file or directory, whatever else speaks for it. */
export const SECRET = /secret|private|passw|credential|token|shadow|keytab|\.(key|p12|pfx|jks|kdbx)$/i;

export function isKnown(name: string): boolean {
  return ETC.has(name) || ETC_FAMILY.test(name);
}

export function isOfTheMachine(name: string): boolean {
  return OF_THE_MACHINE.test(name);
}
