//! CPU and memory of a process, as Linux tells them.

use std::time::Duration;

/// Clock ticks a second in `/proc`: fixed for programs on every Linux of today (`getconf CLK_TCK`).
const TICKS: u64 = 100;

/// User and system time of a process with all its threads, also those that ended.
pub fn cpu(pid: u32) -> Option<Duration> {
    parse_cpu(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_cpu(stat: &str) -> Option<Duration> {
    // The program's name stands in parentheses and may hold anything, spaces and parentheses too.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

/// Memory of a process now, and the most it ever had, in MB.
pub fn memory(pid: u32) -> Option<(f64, f64)> {
    parse_memory(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse_memory(status: &str) -> Option<(f64, f64)> {
    let find = |key: &str| -> Option<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    };
    Some((find("VmRSS:")?, find("VmHWM:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_user_and_system_time_whatever_the_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 9 0 100";
        assert_eq!(parse_cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(parse_cpu("42 (a"), None);
    }

    #[test]
    fn memory_is_read_in_megabytes() {
        assert_eq!(
            parse_memory("Name:\tx\nVmHWM:\t  4096 kB\nVmRSS:\t  2048 kB\n"),
            Some((2.0, 4.0))
        );
        assert_eq!(parse_memory("Name:\tx\n"), None);
    }

    #[test]
    fn the_own_process_has_both() {
        assert!(cpu(std::process::id()).is_some());
        assert!(memory(std::process::id()).is_some_and(|(now, most)| now > 0.0 && most >= now));
    }
}
