import type { Group } from "../program.js";

export const databases: Group = {
  name: "databases",
  title: "Databases and servers",
  programs: [
    {
      name: "PostgreSQL 15",
      packages: ["postgresql-15"],
      script: `export PATH=/usr/lib/postgresql/15/bin:$PATH
initdb -D d -A trust >/dev/null && pg_ctl -D d -s -w -o "-k $PWD -c listen_addresses=127.0.0.1" -l log start && psql -h 127.0.0.1 -d postgres -Atc 'create table t (n int); insert into t select generate_series(1, 1000); select sum(n) from t' && pg_ctl -D d -s -m fast stop && echo stopped`,
      prints: "stopped",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "MariaDB",
      packages: ["mariadb-server"],
      script: `mariadb-install-db --no-defaults --datadir=$PWD/d --auth-root-authentication-method=normal >/dev/null 2>&1
mariadbd --no-defaults --datadir=$PWD/d --socket=$PWD/s --pid-file=$PWD/p --skip-networking >log 2>&1 &
for i in $(seq 120); do mariadb-admin --no-defaults -u root -S $PWD/s ping >/dev/null 2>&1 && break; sleep 1; done
mariadb --no-defaults -u root -S $PWD/s -Ne 'create database a; create table a.t (n int) engine=innodb; insert into a.t values (40), (2); select sum(n) from a.t' && mariadb-admin --no-defaults -u root -S $PWD/s shutdown`,
      prints: "42",
      resources: { memory: "1GiB", disk: "1GiB", time: "5m" },
    },
    {
      name: "SQLite (WAL)",
      packages: ["sqlite3"],
      script: `sqlite3 d 'pragma journal_mode=wal; create table t (n); insert into t values (40), (2); select sum(n) from t'`,
      prints: "42",
    },
    {
      name: "Redis (with a saved snapshot)",
      packages: ["redis-server", "redis-tools"],
      script: `redis-server --port 0 --unixsocket $PWD/s --dir $PWD --daemonize yes --logfile $PWD/log >/dev/null; for i in $(seq 50); do [ -S s ] && break; sleep 0.2; done
redis-cli -s $PWD/s set a 42 >/dev/null && redis-cli -s $PWD/s bgsave >/dev/null; for i in $(seq 50); do [ -s dump.rdb ] && break; sleep 0.2; done; [ -s dump.rdb ] && redis-cli -s $PWD/s get a`,
      prints: "42",
    },
    {
      name: "memcached",
      packages: ["memcached", "netcat-openbsd"],
      script: `memcached -l 127.0.0.1 -p 11211 -m 16 & for i in $(seq 50); do nc -z 127.0.0.1 11211 && break; sleep 0.1; done
printf 'set a 0 0 2\\r\\n42\\r\\nget a\\r\\nquit\\r\\n' | nc 127.0.0.1 11211 | tr -d '\\r' | sed -n 3p`,
      prints: "42",
    },
    {
      name: "LMDB (a map of 1 GiB)",
      packages: ["python3-lmdb"],
      script: `python3 -c '
import lmdb
e = lmdb.open("d", map_size=1 << 30)
with e.begin(write=True) as t: t.put(b"a", b"42")
with e.begin() as t: print(t.get(b"a").decode())'`,
      prints: "42",
      resources: { memory: "1GiB" },
    },
    {
      name: "etcd",
      packages: ["etcd-server", "etcd-client"],
      script: `etcd --data-dir d --log-level error >log 2>&1 & export ETCDCTL_API=3; for i in $(seq 60); do etcdctl endpoint health >/dev/null 2>&1 && break; sleep 1; done; etcdctl put a 42 >/dev/null && etcdctl get a --print-value-only`,
      prints: "42",
      resources: { memory: "1GiB", time: "5m" },
    },
    {
      name: "RocksDB (ldb)",
      packages: ["rocksdb-tools"],
      script: `ldb --db=d --create_if_missing put a 42 >/dev/null && ldb --db=d get a`,
      prints: "42",
    },
    {
      name: "nginx, curl",
      packages: ["nginx-light", "curl"],
      script: `mkdir t && echo 42 > index.html && printf 'pid %s/p; error_log %s/e; events {} http { access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t; server { listen 8080; root %s; } }' $PWD $PWD $PWD > c && nginx -p $PWD -c $PWD/c && curl -s --retry 10 --retry-connrefused http://127.0.0.1:8080/`,
      prints: "42",
    },
    {
      name: "HAProxy",
      packages: ["haproxy", "curl"],
      script: `printf 'defaults\\n mode http\\n timeout connect 5s\\n timeout client 5s\\n timeout server 5s\\nfrontend f\\n bind 127.0.0.1:8081\\n http-request return status 200 content-type text/plain string 42\\n' > c && haproxy -D -f c && curl -s --retry 10 --retry-connrefused http://127.0.0.1:8081/; echo`,
      prints: "42",
    },
  ],
};
