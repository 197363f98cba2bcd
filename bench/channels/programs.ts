/** Perl, which every Debian has: bare and inside the same programs with the same calls. */
const UNIX = "-MIO::Socket::UNIX";
const MIB = 1024 * 1024;

/** Discards what follows an `s` and says when it has ended; returns each piece of what follows an `e`. */
const SERVER = `$l = IO::Socket::UNIX->new(Local => shift, Listen => 9) or die "$!";
  while (1) { $c = $l->accept or next; sysread $c, $k, 1;
    if ($k eq "s") { 1 while sysread $c, $b, 65536; syswrite $c, "!" }
    else { syswrite $c, $b while sysread $c, $b, 65536 }
    close $c }`;

const CONNECT = `$s = IO::Socket::UNIX->new(Peer => shift) or die "$!";`;
const SEND = (bytes: number) => `${CONNECT} syswrite $s, "s"; $b = "x" x 65536;
  for (1 .. ${bytes / 65_536}) { for ($o = 0; $o < 65536; $o += $n) { $n = syswrite $s, $b, 65536 - $o, $o or die } }
  shutdown $s, 1; sysread $s, $b, 1 or die`;
const BACK_AND_FORTH = (times: number) =>
  `${CONNECT} syswrite $s, "e"; for (1 .. ${times}) { syswrite $s, "x"; sysread $s, $b, 1 or die }`;

export const serverAt = (path: string): readonly string[] => ["perl", UNIX, "-e", SERVER, path];

/** The client of each comparison, given the path of its socket. */
export const clients: Readonly<Record<string, (path: string) => readonly string[]>> = {
  "256 MiB over a channel": (path) => ["perl", UNIX, "-e", SEND(256 * MIB), path],
  "5,000 round trips over a channel": (path) => ["perl", UNIX, "-e", BACK_AND_FORTH(5000), path],
};
