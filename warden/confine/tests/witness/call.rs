//! A witness, and system calls made by number: the C library would choose others.

/// Demonstrates the purpose of one rule.
#[derive(Clone, Copy)]
pub struct Witness {
    /// The name of the system call, and of the value that the rule allows, if the rule is about values.
    pub rule: &'static str,
    /// Arguments that distinguish this use of the call from others.
    pub given: &'static [(u8, u32)],
    /// 0 or more if it worked, else a negative errno.
    pub run: fn() -> i64,
}

/// What a register can hold. Numbers keep their sign.
pub trait Register {
    fn register(self) -> usize;
}

macro_rules! registers {
    ($($number:ty),*) => {$(
        #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_lossless, reason = "registers have no sign")]
        impl Register for $number {
            fn register(self) -> usize {
                self as usize
            }
        }
    )*};
}

registers!(i32, u32, i64, u64, usize);

impl<T> Register for *const T {
    fn register(self) -> usize {
        self.expose_provenance()
    }
}

impl<T> Register for *mut T {
    fn register(self) -> usize {
        self.expose_provenance()
    }
}

/// The result as the kernel gives it: an errno is negative.
pub fn kernel(number: libc::c_long, given: &[usize]) -> i64 {
    let mut all = [0; 6];
    all[..given.len()].copy_from_slice(given);
    let [first, second, third, fourth, fifth, sixth] = all;
    // SAFETY: witnesses pass pointers to what lives until the end of their statement, and is as large as the call takes
    // it to be.
    let result = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    // SAFETY: errno of this thread.
    if result == -1 { -i64::from(unsafe { *libc::__errno_location() }) } else { result }
}

macro_rules! call {
    ($number:expr $(, $argument:expr)*) => {
        crate::call::kernel($number, &[$(crate::call::Register::register($argument)),*])
    };
}

/// A witness of a rule about a call, whatever its arguments.
macro_rules! witness {
    ($name:literal, $run:expr) => {
        crate::call::Witness { rule: $name, given: &[], run: || i64::from($run) }
    };
    ($name:literal, $given:expr, $run:expr) => {
        crate::call::Witness { rule: $name, given: &$given, run: || i64::from($run) }
    };
}

/// Accepts any errno that shows that the kernel got as far as checking the arguments: its own refusals differ.
pub fn looked(result: i64) -> i64 {
    let of_filter = [-i64::from(libc::EPERM), -i64::from(libc::ENOSYS)];
    if of_filter.contains(&result) { result } else { 0 }
}

/// Accepts the errno that means success, such as EINTR for a call that waits.
pub fn expecting(errno: i32, result: i64) -> i64 {
    if result == -i64::from(errno) { 0 } else { result.min(-1) }
}

/// A new file that can be read and written, with a few bytes in it.
pub fn file() -> i32 {
    // SAFETY: the strings end, and the buffer is as long as said.
    unsafe {
        let fd = libc::open(c"file".as_ptr(), libc::O_RDWR | libc::O_CREAT, 0o600);
        libc::pwrite(fd, c"some bytes".as_ptr().cast(), 10, 0);
        fd
    }
}

/// A pipe with a byte in it.
pub fn pipe() -> [i32; 2] {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors, and one byte to write.
    unsafe {
        libc::pipe(ends.as_mut_ptr());
        libc::write(ends[1], c"x".as_ptr().cast(), 1);
    }
    ends
}

/// A page of memory.
pub fn page() -> usize {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: an anonymous mapping at an address of the kernel's choice.
    unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0).addr() }
}

/// Room for whatever a call answers.
pub fn room() -> *mut u8 {
    room_for()
}

/// As [`room`], for what begins with a `T`.
pub fn room_for<T>() -> *mut T {
    std::ptr::with_exposed_provenance_mut(page())
}
