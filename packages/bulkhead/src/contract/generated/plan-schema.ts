// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** JSON Schema (2020-12) of a plan. */
export const planSchema = {
  "$defs": {
    "Access": {
      "additionalProperties": false,
      "description": "Files, or directories with everything below them. Paths that do not exist when the sandbox starts are skipped, which allows less.",
      "properties": {
        "execute": {
          "description": "Includes reading, without which the kernel executes nothing.",
          "items": {
            "type": "string"
          },
          "type": "array"
        },
        "list": {
          "default": [],
          "description": "Directories may be listed only.",
          "items": {
            "type": "string"
          },
          "type": "array"
        },
        "read": {
          "description": "Files may be read, and directories listed.",
          "items": {
            "type": "string"
          },
          "type": "array"
        }
      },
      "required": [
        "read",
        "list",
        "execute"
      ],
      "type": "object"
    },
    "Account": {
      "additionalProperties": false,
      "description": "No field holds a `:` or a control character.",
      "properties": {
        "comment": {
          "type": "string"
        },
        "gid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "home": {
          "type": "string"
        },
        "name": {
          "type": "string"
        },
        "shell": {
          "type": "string"
        },
        "uid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "name",
        "uid",
        "gid",
        "comment",
        "home",
        "shell"
      ],
      "type": "object"
    },
    "Action": {
      "description": "From strict to lenient.",
      "oneOf": [
        {
          "enum": [
            "killProcess",
            "killThread",
            "allow"
          ],
          "type": "string"
        },
        {
          "const": "trap",
          "description": "SIGSYS, which a program may catch.",
          "type": "string"
        },
        {
          "additionalProperties": false,
          "description": "Fails with this errno. Never 0: a call that does nothing and reports success could keep init from dropping its rights.",
          "properties": {
            "errno": {
              "format": "uint16",
              "maximum": 65535,
              "minimum": 0,
              "type": "integer"
            }
          },
          "required": [
            "errno"
          ],
          "type": "object"
        },
        {
          "const": "log",
          "description": "Allowed, and written to the host's audit log.",
          "type": "string"
        }
      ]
    },
    "Advertised": {
      "additionalProperties": false,
      "description": "The limits that /proc, /sys, /sys/fs/cgroup and `sched_getaffinity` show, for programs that adapt to them. In the jail of `runsc`, whose own limits are wider, those that it shows its workload.",
      "properties": {
        "memoryBytes": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "milliCpus": {
          "description": "The sandbox starts on this many processors, rounded up.",
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "pids": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "memoryBytes",
        "pids",
        "milliCpus"
      ],
      "type": "object"
    },
    "Argument": {
      "additionalProperties": false,
      "description": "Compares a whole 64-bit argument.",
      "properties": {
        "index": {
          "description": "0 to 5.",
          "format": "uint8",
          "maximum": 255,
          "minimum": 0,
          "type": "integer"
        },
        "op": {
          "$ref": "#/$defs/Comparison"
        },
        "value": {
          "description": "The mask, for `maskedEqual`.",
          "pattern": "^0x(0|[1-9a-f][0-9a-f]{0,15})$",
          "type": "string"
        },
        "valueTwo": {
          "description": "The value under the mask, for `maskedEqual`; else 0.",
          "pattern": "^0x(0|[1-9a-f][0-9a-f]{0,15})$",
          "type": "string"
        }
      },
      "required": [
        "index",
        "op",
        "value",
        "valueTwo"
      ],
      "type": "object"
    },
    "Cgroup": {
      "additionalProperties": false,
      "properties": {
        "controllers": {
          "description": "The controllers whose limit must be in force: a launch that cannot set one is refused.",
          "items": {
            "$ref": "#/$defs/Controller"
          },
          "type": "array"
        },
        "version": {
          "description": "2, 1, or 0 for none.",
          "enum": [
            0,
            1,
            2
          ],
          "format": "uint8",
          "maximum": 255,
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "version",
        "controllers"
      ],
      "type": "object"
    },
    "Channel": {
      "anyOf": [
        {
          "description": "0 for a program with another connection as 1; else 3 to 15.",
          "format": "uint8",
          "maximum": 255,
          "minimum": 0,
          "type": "integer"
        },
        {
          "$ref": "#/$defs/Stdio"
        }
      ]
    },
    "Comparison": {
      "enum": [
        "notEqual",
        "less",
        "lessOrEqual",
        "equal",
        "greaterOrEqual",
        "greater",
        "maskedEqual"
      ],
      "type": "string"
    },
    "Controller": {
      "enum": [
        "memory",
        "pids",
        "cpu"
      ],
      "type": "string"
    },
    "CustomProfile": {
      "additionalProperties": false,
      "description": "Rules, and the action for every call that no rule covers. Where rules overlap, the strictest applies.",
      "properties": {
        "default": {
          "$ref": "#/$defs/Action"
        },
        "log": {
          "default": false,
          "description": "Calls that it does not allow also go to the host's audit log (`SECCOMP_FILTER_FLAG_LOG`).",
          "type": "boolean"
        },
        "rules": {
          "items": {
            "$ref": "#/$defs/Rule"
          },
          "type": "array"
        }
      },
      "required": [
        "default",
        "rules",
        "log"
      ],
      "type": "object"
    },
    "Descriptor": {
      "oneOf": [
        {
          "additionalProperties": false,
          "description": "Another connection, which the library opened for this launch under this name.",
          "properties": {
            "fd": {
              "format": "uint8",
              "maximum": 255,
              "minimum": 0,
              "type": "integer"
            },
            "kind": {
              "const": "attached",
              "type": "string"
            },
            "name": {
              "type": "string"
            }
          },
          "required": [
            "kind",
            "fd",
            "name"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A file of the jail, opened there as the plan's user.",
          "properties": {
            "fd": {
              "format": "uint8",
              "maximum": 255,
              "minimum": 0,
              "type": "integer"
            },
            "kind": {
              "const": "open",
              "type": "string"
            },
            "path": {
              "type": "string"
            },
            "write": {
              "description": "Open for writing too.",
              "type": "boolean"
            }
          },
          "required": [
            "kind",
            "fd",
            "path",
            "write"
          ],
          "type": "object"
        }
      ]
    },
    "Group": {
      "additionalProperties": false,
      "properties": {
        "gid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "members": {
          "description": "Names of users.",
          "items": {
            "type": "string"
          },
          "type": "array"
        },
        "name": {
          "type": "string"
        }
      },
      "required": [
        "name",
        "gid",
        "members"
      ],
      "type": "object"
    },
    "Landlock": {
      "additionalProperties": false,
      "description": "Everything below `/` may be read and executed, or only the paths in `access`; the paths in `writable` may be written, `/dev` as its nodes allow.",
      "properties": {
        "abi": {
          "description": "The kernel must offer at least this ABI; exactly its rights are handled.",
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "access": {
          "anyOf": [
            {
              "$ref": "#/$defs/Access"
            },
            {
              "type": "null"
            }
          ],
          "default": null,
          "description": "Narrower than everything: then being `writable` does not imply reading or executing."
        },
        "queues": {
          "default": false,
          "description": "POSIX message queues at /dev/mqueue may be created, used and removed. The kernel opens a queue through another mount of the same file system; without a rule for that, even `mq_open` fails.",
          "type": "boolean"
        },
        "sockets": {
          "default": [],
          "description": "From ABI 9 on: where Unix sockets created outside the sandbox may be connected to. Earlier ABIs have no rule about them.",
          "items": {
            "type": "string"
          },
          "type": "array"
        },
        "tcp": {
          "anyOf": [
            {
              "$ref": "#/$defs/Tcp"
            },
            {
              "type": "null"
            }
          ],
          "default": null,
          "description": "From ABI 4 on: the only TCP ports allowed. If absent, only the network namespace limits ports."
        },
        "whiteouts": {
          "default": false,
          "description": "Overlayfs whiteouts may be created. Landlock cannot see the device number.",
          "type": "boolean"
        },
        "writable": {
          "items": {
            "type": "string"
          },
          "type": "array"
        }
      },
      "required": [
        "abi",
        "writable",
        "whiteouts",
        "access",
        "tcp",
        "queues",
        "sockets"
      ],
      "type": "object"
    },
    "Level": {
      "oneOf": [
        {
          "enum": [
            "chroot",
            "container"
          ],
          "type": "string"
        },
        {
          "const": "gvisor",
          "description": "The plan of the jail in which `runsc` runs.",
          "type": "string"
        },
        {
          "const": "microvm",
          "description": "The plan of the jail in which the VMM runs.",
          "type": "string"
        }
      ]
    },
    "Limits": {
      "additionalProperties": false,
      "description": "Every limit is always set: an absent limit would be an unlimited one.",
      "properties": {
        "addressSpaceBytes": {
          "description": "RLIMIT_AS where no cgroup limits memory; otherwise `null`.",
          "format": "uint64",
          "minimum": 0,
          "type": [
            "integer",
            "null"
          ]
        },
        "fileBytes": {
          "description": "RLIMIT_FSIZE of a program that builds a sandbox. `null` for a workload: its file systems have a size limit of their own, which returns ENOSPC, whereas this limit sends a signal that kills.",
          "format": "uint64",
          "minimum": 0,
          "type": [
            "integer",
            "null"
          ]
        },
        "lockedBytes": {
          "description": "RLIMIT_MEMLOCK.",
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "memoryBytes": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "milliCpus": {
          "description": "Thousandths of one processor.",
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "openFiles": {
          "description": "RLIMIT_NOFILE of the workload.",
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "pids": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "processes": {
          "description": "RLIMIT_NPROC where no cgroup limits processes; otherwise `null`.",
          "format": "uint64",
          "minimum": 0,
          "type": [
            "integer",
            "null"
          ]
        }
      },
      "required": [
        "memoryBytes",
        "pids",
        "milliCpus",
        "openFiles",
        "fileBytes",
        "lockedBytes",
        "addressSpaceBytes",
        "processes"
      ],
      "type": "object"
    },
    "Mount": {
      "description": "`at` is absolute, inside, without `.`, `..`, empty parts or a slash at the end.",
      "oneOf": [
        {
          "additionalProperties": false,
          "description": "Always nosuid and nodev.",
          "properties": {
            "at": {
              "type": "string"
            },
            "exec": {
              "description": "False: mounted noexec.",
              "type": "boolean"
            },
            "kind": {
              "const": "bind",
              "type": "string"
            },
            "owner": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Owner"
                },
                {
                  "type": "null"
                }
              ]
            },
            "readOnly": {
              "type": "boolean"
            },
            "source": {
              "description": "A host path as `RootDirectory::path`; opened with the caller's credentials.",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "source",
            "at",
            "readOnly",
            "exec",
            "owner"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A tree of layers at another place than the root: for a sandbox inside the sandbox, or to be read.",
          "properties": {
            "at": {
              "type": "string"
            },
            "exec": {
              "description": "False: mounted noexec.",
              "type": "boolean"
            },
            "kind": {
              "const": "layers",
              "type": "string"
            },
            "layers": {
              "description": "As in `RootLayers`.",
              "items": {
                "type": "string"
              },
              "type": "array"
            },
            "overlay": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Overlay"
                },
                {
                  "type": "null"
                }
              ],
              "description": "A writable memory layer above them; without one the tree is read-only."
            },
            "owner": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Owner"
                },
                {
                  "type": "null"
                }
              ]
            },
            "readOnly": {
              "default": false,
              "description": "Whether the writable layer becomes read-only after all mounts: it then only holds mount points.",
              "type": "boolean"
            }
          },
          "required": [
            "kind",
            "at",
            "layers",
            "owner",
            "overlay",
            "readOnly",
            "exec"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Always nosuid and nodev.",
          "properties": {
            "at": {
              "type": "string"
            },
            "exec": {
              "type": "boolean"
            },
            "gid": {
              "format": "uint32",
              "minimum": 0,
              "type": "integer"
            },
            "inodes": {
              "format": "uint64",
              "minimum": 0,
              "type": "integer"
            },
            "kind": {
              "const": "tmpfs",
              "type": "string"
            },
            "mode": {
              "description": "Permission bits, at most 0o1777.",
              "format": "uint32",
              "minimum": 0,
              "type": "integer"
            },
            "sizeBytes": {
              "format": "uint64",
              "minimum": 0,
              "type": "integer"
            },
            "uid": {
              "description": "Owner, inside.",
              "format": "uint32",
              "minimum": 0,
              "type": "integer"
            }
          },
          "required": [
            "kind",
            "at",
            "sizeBytes",
            "inodes",
            "mode",
            "uid",
            "gid",
            "exec"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "/proc of the sandbox's own pid namespace.",
          "properties": {
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "proc",
              "type": "string"
            },
            "writable": {
              "default": false,
              "description": "False: read-only as a whole. True only in the jail of `runsc`, which writes its children's id maps there.",
              "type": "boolean"
            }
          },
          "required": [
            "kind",
            "at",
            "writable"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A minimal /dev: null zero full random urandom tty ptmx pts fd stdin stdout stderr shm mqueue.",
          "properties": {
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "dev",
              "type": "string"
            },
            "mqueue": {
              "default": false,
              "description": "Mounts the POSIX message queues of the sandbox's IPC namespace at /dev/mqueue, if the kernel has them.",
              "type": "boolean"
            },
            "shmBytes": {
              "description": "Size of /dev/shm.",
              "format": "uint64",
              "minimum": 0,
              "type": "integer"
            }
          },
          "required": [
            "kind",
            "at",
            "shmBytes",
            "mqueue"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A /sys with only the files that programs need to count processors and, where the plan advertises limits, /sys/fs/cgroup; read-only.",
          "properties": {
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "sys",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Hides a file or directory behind an empty one, if it exists.",
          "properties": {
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "mask",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A read-only file with this content. In a root of kind `empty` setup creates it. Elsewhere, and below a bind, it covers the existing file, or one created in the memory layer above the root.",
          "properties": {
            "at": {
              "type": "string"
            },
            "content": {
              "description": "At most 384 KiB.",
              "type": "string"
            },
            "kind": {
              "const": "file",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at",
            "content"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A read-only file like `File`, with the users of the sandbox.",
          "properties": {
            "accounts": {
              "items": {
                "$ref": "#/$defs/Account"
              },
              "type": "array"
            },
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "passwd",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at",
            "accounts"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "A read-only file like `File`, with the groups of the sandbox.",
          "properties": {
            "at": {
              "type": "string"
            },
            "groups": {
              "items": {
                "$ref": "#/$defs/Group"
              },
              "type": "array"
            },
            "kind": {
              "const": "group",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at",
            "groups"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Only in a root of kind `empty`.",
          "properties": {
            "at": {
              "type": "string"
            },
            "kind": {
              "const": "symlink",
              "type": "string"
            },
            "target": {
              "type": "string"
            }
          },
          "required": [
            "kind",
            "at",
            "target"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "One of a few host devices, accessible only to the plan's user; only with a payload of kind `program`.",
          "properties": {
            "at": {
              "description": "The same path, by which programs know it.",
              "type": "string"
            },
            "kind": {
              "const": "device",
              "type": "string"
            },
            "path": {
              "description": "One of `DEVICES`; the caller must be able to open it for reading and writing.",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "path",
            "at"
          ],
          "type": "object"
        }
      ]
    },
    "Namespace": {
      "enum": [
        "mount",
        "pid",
        "ipc",
        "net",
        "user",
        "uts",
        "cgroup"
      ],
      "type": "string"
    },
    "OneOwner": {
      "additionalProperties": false,
      "description": "Files that `host` owns on disk belong to `uid` and `gid` in the sandbox.",
      "properties": {
        "gid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "hostGid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "hostUid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "maker": {
          "description": "User 0 of the sandbox may also create files here, to give them to `uid` and `gid` at once, as the gofer of `runsc` does. Until then their owner on disk is user 0's host id, an id of the sandbox's range. Level gvisor only, and only if the mount is writable.",
          "type": "boolean"
        },
        "optional": {
          "description": "If the file system or the kernel cannot map ids, the mount is made without an owner, which makes fewer files accessible. Only for a read-only bind.",
          "type": "boolean"
        },
        "uid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "hostUid",
        "hostGid",
        "uid",
        "gid"
      ],
      "type": "object"
    },
    "Overlay": {
      "additionalProperties": false,
      "properties": {
        "inodes": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "sizeBytes": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "sizeBytes",
        "inodes"
      ],
      "type": "object"
    },
    "Owner": {
      "anyOf": [
        {
          "$ref": "#/$defs/OneOwner"
        },
        {
          "$ref": "#/$defs/StoreOwner"
        }
      ],
      "description": "An idmapped mount: maps owners on disk to owners inside, and back. All other files have an owner that no user inside can be."
    },
    "Payload": {
      "oneOf": [
        {
          "additionalProperties": false,
          "description": "Levels `chroot` and `container`: init serves the channel, and workloads are its children.",
          "properties": {
            "bridge": {
              "default": false,
              "description": "A connection attached as `BRIDGE`: init passes connections of the service's channels over it.",
              "type": "boolean"
            },
            "egress": {
              "default": false,
              "description": "A second connection, attached as `EGRESS`: it carries only the sandbox's egress.",
              "type": "boolean"
            },
            "kind": {
              "const": "init",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "egress",
            "bridge"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Levels `gvisor` and `microvm`. It runs as the plan's user with the plan's capabilities, under all other protections of the plan.",
          "properties": {
            "argv": {
              "items": {
                "type": "string"
              },
              "type": "array"
            },
            "channel": {
              "$ref": "#/$defs/Channel",
              "description": "The descriptors of the launch connection."
            },
            "descriptors": {
              "description": "Its other descriptors. All that are not named are closed, except 0, 1 and 2, which are then /dev/null.",
              "items": {
                "$ref": "#/$defs/Descriptor"
              },
              "type": "array"
            },
            "env": {
              "additionalProperties": {
                "type": "string"
              },
              "description": "The whole environment.",
              "type": "object"
            },
            "kind": {
              "const": "program",
              "type": "string"
            },
            "path": {
              "description": "Absolute, inside the jail; or `WARDEN`, whose second argument then is a role.",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "path",
            "argv",
            "env",
            "channel",
            "descriptors"
          ],
          "type": "object"
        }
      ]
    },
    "Root": {
      "additionalProperties": false,
      "properties": {
        "overlay": {
          "anyOf": [
            {
              "$ref": "#/$defs/Overlay"
            },
            {
              "type": "null"
            }
          ],
          "description": "A writable memory layer above `source`: needed for `read_only: false` on a directory, and if mount points are missing in it."
        },
        "readOnly": {
          "description": "Whether the workload's root is read-only, after all mounts.",
          "type": "boolean"
        },
        "source": {
          "$ref": "#/$defs/RootSource"
        }
      },
      "required": [
        "source",
        "readOnly",
        "overlay"
      ],
      "type": "object"
    },
    "RootSource": {
      "oneOf": [
        {
          "additionalProperties": false,
          "description": "A host directory, always mounted read-only.",
          "properties": {
            "kind": {
              "const": "directory",
              "type": "string"
            },
            "owner": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Owner"
                },
                {
                  "type": "null"
                }
              ]
            },
            "path": {
              "description": "Absolute and canonical; a symbolic link anywhere in it is refused.",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "path",
            "owner"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Host directories on top of each other, like an image's layers, always mounted read-only.",
          "properties": {
            "kind": {
              "const": "layers",
              "type": "string"
            },
            "layers": {
              "description": "Each as `RootDirectory::path`; the topmost first, as overlayfs counts. Its whiteouts (character device 0:0) hide files of lower layers.",
              "items": {
                "type": "string"
              },
              "type": "array"
            },
            "owner": {
              "anyOf": [
                {
                  "$ref": "#/$defs/Owner"
                },
                {
                  "type": "null"
                }
              ]
            }
          },
          "required": [
            "kind",
            "layers",
            "owner"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "An empty tmpfs, filled by `mounts`.",
          "properties": {
            "kind": {
              "const": "empty",
              "type": "string"
            },
            "sizeBytes": {
              "format": "uint64",
              "minimum": 0,
              "type": "integer"
            }
          },
          "required": [
            "kind",
            "sizeBytes"
          ],
          "type": "object"
        }
      ]
    },
    "Rule": {
      "additionalProperties": false,
      "properties": {
        "action": {
          "$ref": "#/$defs/Action"
        },
        "args": {
          "description": "All must hold; no argument is compared twice. Empty: whatever the arguments.",
          "items": {
            "$ref": "#/$defs/Argument"
          },
          "type": "array"
        },
        "names": {
          "description": "Names from the kernel's table; those that this architecture lacks are skipped.",
          "items": {
            "type": "string"
          },
          "type": "array"
        }
      },
      "required": [
        "names",
        "action",
        "args"
      ],
      "type": "object"
    },
    "Seccomp": {
      "additionalProperties": false,
      "properties": {
        "denySetid": {
          "description": "Refuse to create set-user-id and set-group-id files: whenever a host directory is writable.",
          "type": "boolean"
        },
        "profile": {
          "$ref": "#/$defs/SeccompProfile",
          "description": "The base filter, in force for the payload and all its descendants."
        },
        "unixSocketsOnly": {
          "description": "Refuse every socket but AF_UNIX.",
          "type": "boolean"
        },
        "whiteouts": {
          "default": false,
          "description": "Allow creating overlayfs whiteouts: character devices 0:0, which open nothing. The kernel lets any user create these, and no other devices.",
          "type": "boolean"
        }
      },
      "required": [
        "profile",
        "denySetid",
        "unixSocketsOnly",
        "whiteouts"
      ],
      "type": "object"
    },
    "SeccompProfile": {
      "anyOf": [
        {
          "enum": [
            "default",
            "strict",
            "sentry",
            "qemu",
            "firecracker"
          ],
          "type": "string"
        },
        {
          "$ref": "#/$defs/CustomProfile"
        }
      ],
      "description": "The name of one of `crate::profile::PROFILES`, or a complete profile."
    },
    "Stdio": {
      "description": "Descriptors 0 and 1.",
      "enum": [
        "stdio"
      ],
      "type": "string"
    },
    "StoreOwner": {
      "additionalProperties": false,
      "description": "The 65,536 ids starting at `range` are the ids starting at 0 in the sandbox: each of its users has its own files.",
      "properties": {
        "range": {
          "description": "`STORE_RANGE`; or 0 in a virtual machine, whose images belong to its one sandbox alone.",
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "range"
      ],
      "type": "object"
    },
    "Tcp": {
      "additionalProperties": false,
      "description": "TCP ports, for any address. Binding 0 means any free port.",
      "properties": {
        "bind": {
          "items": {
            "format": "uint16",
            "maximum": 65535,
            "minimum": 0,
            "type": "integer"
          },
          "type": "array"
        },
        "connect": {
          "items": {
            "format": "uint16",
            "maximum": 65535,
            "minimum": 0,
            "type": "integer"
          },
          "type": "array"
        }
      },
      "required": [
        "bind",
        "connect"
      ],
      "type": "object"
    },
    "User": {
      "additionalProperties": false,
      "description": "Ids inside, each at most 65,535.",
      "properties": {
        "gid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        },
        "groups": {
          "items": {
            "format": "uint32",
            "minimum": 0,
            "type": "integer"
          },
          "type": "array"
        },
        "uid": {
          "format": "uint32",
          "minimum": 0,
          "type": "integer"
        }
      },
      "required": [
        "uid",
        "gid",
        "groups"
      ],
      "type": "object"
    }
  },
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "additionalProperties": false,
  "description": "One sandbox, complete. Unknown fields are refused at every depth.",
  "properties": {
    "advertised": {
      "anyOf": [
        {
          "$ref": "#/$defs/Advertised"
        },
        {
          "type": "null"
        }
      ],
      "default": null,
      "description": "`null`: programs see the processors and the memory of the host."
    },
    "apparmor": {
      "description": "Name of an AppArmor profile that is loaded already.",
      "type": [
        "string",
        "null"
      ]
    },
    "capabilities": {
      "description": "Capabilities left to the workload, without `CAP_`; empty but for a `container` with a user namespace.",
      "items": {
        "type": "string"
      },
      "type": "array"
    },
    "cgroup": {
      "$ref": "#/$defs/Cgroup"
    },
    "hostname": {
      "description": "Host name inside, `[a-z0-9-]{1,63}`; only set if there is a uts namespace.",
      "type": "string"
    },
    "id": {
      "description": "Names the sandbox in control messages and in its cgroup: `[a-z0-9][a-z0-9-]{7,39}`.",
      "type": "string"
    },
    "inner": {
      "additionalProperties": true,
      "default": null,
      "description": "`microvm` only: the plan that the guest's supervisor executes, which the host does not examine.",
      "type": [
        "object",
        "null"
      ]
    },
    "landlock": {
      "anyOf": [
        {
          "$ref": "#/$defs/Landlock"
        },
        {
          "type": "null"
        }
      ],
      "description": "`null`: Landlock is not applied (and the enforcement table said so)."
    },
    "level": {
      "$ref": "#/$defs/Level"
    },
    "limits": {
      "$ref": "#/$defs/Limits"
    },
    "mounts": {
      "description": "Executed in this order, after the root.",
      "items": {
        "$ref": "#/$defs/Mount"
      },
      "type": "array"
    },
    "namespaces": {
      "description": "The namespaces to create: `mount`, `pid`, `ipc` and `net` always, the rest by level and host.",
      "items": {
        "$ref": "#/$defs/Namespace"
      },
      "type": "array"
    },
    "payload": {
      "$ref": "#/$defs/Payload",
      "default": {
        "bridge": false,
        "egress": false,
        "kind": "init"
      },
      "description": "The program that the confined child executes. `init` if absent."
    },
    "reservedAddresses": {
      "default": false,
      "description": "Loopback answers for 198.18.0.0/15, of which each allowed name gets an address.",
      "type": "boolean"
    },
    "root": {
      "$ref": "#/$defs/Root"
    },
    "seccomp": {
      "$ref": "#/$defs/Seccomp"
    },
    "selinux": {
      "default": null,
      "description": "The SELinux label with which the payload is executed: user, role, type, and further parts that the host's policy has.",
      "type": [
        "string",
        "null"
      ]
    },
    "user": {
      "$ref": "#/$defs/User",
      "description": "The workload's user, in ids as seen inside."
    },
    "version": {
      "const": 1,
      "description": "Always 1.",
      "format": "uint32",
      "minimum": 0,
      "type": "integer"
    }
  },
  "required": [
    "version",
    "id",
    "level",
    "hostname",
    "namespaces",
    "user",
    "root",
    "mounts",
    "limits",
    "advertised",
    "cgroup",
    "seccomp",
    "landlock",
    "capabilities",
    "apparmor",
    "selinux",
    "reservedAddresses",
    "payload",
    "inner"
  ],
  "title": "Plan of Bulkhead",
  "type": "object"
};
