//! How the allocator keeps memory.

/// Threads share two pools of memory, where glibc would give every thread one of its own: what one thread frees is of use
/// to the others. Syncing 200,000 orders took 83 MB at its peak instead of 116, and the same CPU time. To be called before
/// there are threads.
pub(crate) fn share() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "the standard library has no way to set this")]
    // SAFETY: `mallopt` takes two numbers and may be called at any time (mallopt(3)). If it refuses, all is as before.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}
