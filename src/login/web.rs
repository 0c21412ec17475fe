//! The doors of signing in: `/realms/REALM/login-actions/*`.
