// Generated from the types of the warden by `npm run generate`: change those, not this file.

/** JSON Schema (2020-12) of a plan. */
export const planSchema = {
  "$defs": {
    "Access": {
      "additionalProperties": false,
      "description": "Files, or directories with all that is below them. What is not there when the sandbox starts is left out: that allows less.",
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
          "description": "Directories are listed, and no more.",
          "items": {
            "type": "string"
          },
          "type": "array"
        },
        "read": {
          "description": "Files are read, and directories listed.",
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
          "description": "Fails with this errno. Never 0: a call that does nothing and says it did it could keep init from giving up its rights.",
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
          "description": "Goes through, and is written to the host's audit log.",
          "type": "string"
        }
      ]
    },
    "Advertised": {
      "additionalProperties": false,
      "description": "What /proc, /sys, /sys/fs/cgroup and `sched_getaffinity` say of the limits, for programs that adapt to them. In the jail of `runsc`, whose own limits are wider, what it is to tell its workload.",
      "properties": {
        "memoryBytes": {
          "format": "uint64",
          "minimum": 0,
          "type": "integer"
        },
        "milliCpus": {
          "description": "The sandbox starts on as many processors as this needs, rounded up.",
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
      "description": "Compares a whole argument, 64 bits.",
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
          "description": "What is left under the mask, for `maskedEqual`; else 0.",
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
          "description": "Those whose limit must be in force: a launch that cannot set one is refused.",
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
          "description": "0 for a program that has another connection as 1; else 3 to 15.",
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
      "description": "Rules, and what becomes of every call that none of them is about. Where rules overlap the strictest counts.",
      "properties": {
        "default": {
          "$ref": "#/$defs/Action"
        },
        "log": {
          "default": false,
          "description": "Whatever it does not allow is written to the host's audit log as well (`SECCOMP_FILTER_FLAG_LOG`).",
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
          "description": "Another connection of the library, which it opened for this launch under this name.",
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
              "description": "For writing too.",
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
      "description": "Everything below `/` may be read and executed, or what `access` says; what `writable` names may be written, `/dev` as its nodes allow.",
      "properties": {
        "abi": {
          "description": "The kernel must offer at least this ABI, and exactly its rights are handled.",
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
          "description": "Less than everything: then being `writable` allows no reading and no executing either."
        },
        "queues": {
          "default": false,
          "description": "POSIX message queues at /dev/mqueue may be made, used and removed. The kernel opens a queue on a mount of its own, but of the same file system; without a rule for that not even `mq_open` passes.",
          "type": "boolean"
        },
        "sockets": {
          "default": [],
          "description": "From ABI 9 on: where Unix sockets may be connected to that others than the sandbox made. Before that no rule is about them.",
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
          "description": "From ABI 4 on: the only TCP ports. Absent: the network namespace alone decides."
        },
        "whiteouts": {
          "default": false,
          "description": "Whiteouts of overlayfs may be made: which device it is, Landlock cannot see.",
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
          "description": "The plan is that of the jail which `runsc` runs in.",
          "type": "string"
        },
        {
          "const": "microvm",
          "description": "The plan is that of the jail which the virtual machine monitor runs in.",
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
          "description": "RLIMIT_FSIZE, of what makes a wall. `null` for a workload: its file systems have an end of their own, which says ENOSPC, and this limit sends a signal that kills.",
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
          "description": "A tree made of layers at another place than the root: of a sandbox inside the sandbox, or to be read.",
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
              "description": "A writable layer above them, in memory; without one the tree is read-only."
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
              "description": "Whether the writable layer is closed once everything is mounted: it only has to hold mount points.",
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
              "description": "False: read-only as a whole. True only in the jail of `runsc`, which writes the id maps of its own children there.",
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
              "description": "Shows the POSIX message queues of the sandbox's IPC namespace at /dev/mqueue, where the kernel has any.",
              "type": "boolean"
            },
            "shmBytes": {
              "description": "Of /dev/shm.",
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
          "description": "A /sys that holds only what programs need to count processors and, where the plan advertises limits, /sys/fs/cgroup; read-only.",
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
          "description": "Covers a file or directory with nothing, if it is there.",
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
          "description": "A read-only file with this content. In a root of kind `empty` it is made; elsewhere, and below a bind, it covers the file there, or one that the layer in memory above the root gets for it.",
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
          "description": "A read-only file as `File` is, that says which users there are.",
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
          "description": "The same of groups.",
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
          "description": "One of a few devices of the host, for the plan's user alone; only with a payload of kind `program`.",
          "properties": {
            "at": {
              "description": "The same: programs know these by their names.",
              "type": "string"
            },
            "kind": {
              "const": "device",
              "type": "string"
            },
            "path": {
              "description": "One of `DEVICES`; whoever asks must be able to open it for reading and writing.",
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
      "description": "What `host` owns on disk belongs to `uid` and `gid` in the sandbox.",
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
          "description": "User 0 of the sandbox may make files here as well, to give them to `uid` and `gid` at once: as the gofer of `runsc` does. Until then they are on disk what it is on the host, an id of the sandbox's range. Level gvisor only, and only where it may be written.",
          "type": "boolean"
        },
        "optional": {
          "description": "Where the file system or the kernel cannot map ids the mount is made as if it had no owner, which shows less of it. Only of a bind that is read-only.",
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
      "description": "An idmapped mount: whose files on disk are whose inside, and the other way round. Everybody else's files keep an owner that nobody inside can be."
    },
    "Payload": {
      "oneOf": [
        {
          "additionalProperties": false,
          "description": "Levels `chroot` and `container`: init serves the channel, and workloads are its children.",
          "properties": {
            "egress": {
              "default": false,
              "description": "A second connection, attached as `EGRESS`: the sandbox's egress travels on it, and nothing else does.",
              "type": "boolean"
            },
            "kind": {
              "const": "init",
              "type": "string"
            }
          },
          "required": [
            "kind",
            "egress"
          ],
          "type": "object"
        },
        {
          "additionalProperties": false,
          "description": "Levels `gvisor` and `microvm`. It runs as the plan's user with the plan's capabilities, under everything else that the plan says.",
          "properties": {
            "argv": {
              "items": {
                "type": "string"
              },
              "type": "array"
            },
            "channel": {
              "$ref": "#/$defs/Channel",
              "description": "Where it finds the launch connection."
            },
            "descriptors": {
              "description": "What else it starts with. Everything that is not named is closed, but 0, 1 and 2, which then are /dev/null.",
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
          "description": "A writable layer above `source`, in memory: needed for `read_only: false` on a directory, and where mount points are missing in it."
        },
        "readOnly": {
          "description": "The root as the workload finds it, after everything is mounted.",
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
          "description": "Host directories on top of each other, as an image's layers are, always mounted read-only.",
          "properties": {
            "kind": {
              "const": "layers",
              "type": "string"
            },
            "layers": {
              "description": "Each as `RootDirectory::path`; the topmost first, as overlayfs counts. Its whiteouts (character device 0:0) hide what is below.",
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
          "description": "An empty tmpfs, to be filled by `mounts`.",
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
          "description": "As the kernel's table calls them; those that this architecture lacks are passed over.",
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
          "description": "Refuse to make set-user-id and set-group-id files: whenever a host directory is writable.",
          "type": "boolean"
        },
        "profile": {
          "$ref": "#/$defs/SeccompProfile",
          "description": "The base filter, in force for the payload and everything below it."
        },
        "unixSocketsOnly": {
          "description": "Refuse every socket but AF_UNIX.",
          "type": "boolean"
        },
        "whiteouts": {
          "default": false,
          "description": "Let overlayfs whiteouts be made: character devices 0:0, which open nothing. The kernel lets anybody make these and no other ones.",
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
      "description": "By name, of `crate::profile::PROFILES`; or complete."
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
      "description": "The 65,536 ids from `range` on are, in the sandbox, those from 0 on: each of its users has its own files.",
      "properties": {
        "range": {
          "description": "`STORE_RANGE`; or 0 in a virtual machine, whose images are of nobody but its one sandbox.",
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
      "description": "Ports of TCP, whatever the address. 0 to be bound is any that is free.",
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
      "description": "Host name inside, `[a-z0-9-]{1,63}`; only set where there is a uts namespace.",
      "type": "string"
    },
    "id": {
      "description": "Names the sandbox in control messages and in its cgroup: `[a-z0-9][a-z0-9-]{7,39}`.",
      "type": "string"
    },
    "inner": {
      "additionalProperties": true,
      "default": null,
      "description": "`microvm` only: the plan that the guest's supervisor executes, which the host does not look into.",
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
      "description": "Which namespaces are made. `mount`, `pid`, `ipc` and `net` always; the rest by level and host.",
      "items": {
        "$ref": "#/$defs/Namespace"
      },
      "type": "array"
    },
    "payload": {
      "$ref": "#/$defs/Payload",
      "default": {
        "egress": false,
        "kind": "init"
      },
      "description": "What the confined child executes. `init` when absent."
    },
    "reservedAddresses": {
      "default": false,
      "description": "Loopback answers for 198.18.0.0/15, of which each name that may be reached gets an address.",
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
      "description": "The SELinux label that the payload is executed with: user, role, type and what the host's policy has beside them.",
      "type": [
        "string",
        "null"
      ]
    },
    "user": {
      "$ref": "#/$defs/User",
      "description": "Who the workload is, in ids as seen inside."
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
