//! Rhai, with everything off that is not needed, and with limits on the rest.
//!
//! There are no files, modules, clocks, printing or captured variables. A rule has [`TIME`] of the processor, whatever
//! else the machine does meanwhile; the limits on operations, depth and sizes keep it within about a megabyte: those that Rhai
//! has, and [`ENTRIES`] and [`BYTES`] for what grows by assignment to an index, which Rhai does not look at.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use moka::sync::Cache;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage,
    BasicStringPackage, LogicPackage, MoreStringPackage, Package as _,
};
use rhai::{AST, Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, OptimizationLevel, Position, Scope};
use serde_json::Value;

use super::calls::{self, Call};
use super::{Failed, LONGEST, functions};
use crate::clock;
use crate::rules::{About, Facts};

/// What a rule may use of the processor.
const TIME: Duration = Duration::from_millis(10);

/// What the variables of a rule may hold together: members of maps and arrays, and bytes of texts and keys. The largest client
/// or person that is judged fits.
const ENTRIES: usize = 8_000;
const BYTES: usize = 512 * 1024;

/// How often a variable is read or written between two looks at what all of them hold.
const MEASURE_EVERY: u32 = 16;

/// How many operations pass between two looks at the clock.
const LOOK_EVERY: u64 = 64;

/// Rules that are kept compiled.
const KEPT: u64 = 1_000;

/// Why a rule gave nothing: what the stranger may know, and what its author must.
pub(super) struct Fault {
    pub kind: Failed,
    pub cause: String,
    /// Whether it may be because something is not there that could be.
    pub is_of_data: bool,
}

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

/// By what they are about and text. The same text is the same rule in every realm.
static COMPILED: LazyLock<Cache<(About, String), Arc<AST>>> = LazyLock::new(|| Cache::new(KEPT));

thread_local! {
    /// The processor time of this thread at which the rule that it runs must have ended.
    static ENDS: Cell<Duration> = const { Cell::new(Duration::ZERO) };

    /// How often this thread's rules have read or written a variable.
    static TOUCHED: Cell<u32> = const { Cell::new(0) };
}

fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    for package in [
        ArithmeticPackage::new().as_shared_module(),
        LogicPackage::new().as_shared_module(),
        BasicStringPackage::new().as_shared_module(),
        MoreStringPackage::new().as_shared_module(),
        BasicIteratorPackage::new().as_shared_module(),
        BasicMathPackage::new().as_shared_module(),
        BasicArrayPackage::new().as_shared_module(),
        BasicMapPackage::new().as_shared_module(),
        BasicFnPackage::new().as_shared_module(),
    ] {
        engine.register_global_module(package);
    }
    for word in ["eval", "print", "debug"] {
        engine.disable_symbol(word);
    }
    functions::register(&mut engine);
    engine
        .set_optimization_level(OptimizationLevel::None)
        .set_strict_variables(true)
        .set_max_strings_interned(0)
        .set_max_operations(50_000)
        .set_max_expr_depths(32, 16)
        .set_max_call_levels(8)
        .set_max_functions(16)
        .set_max_variables(32)
        .set_max_string_size(16 * 1024)
        .set_max_array_size(500)
        .set_max_map_size(500)
        .on_progress(|operations| {
            let late = operations.is_multiple_of(LOOK_EVERY) && clock::used_by_thread() > ENDS.get();
            late.then_some(Dynamic::UNIT)
        });
    // Whatever grows does so by way of a variable: its own, or that of its key.
    #[expect(deprecated, reason = "it is not: Rhai marks what may change")]
    engine.on_var(|_, _, context| {
        let touched = TOUCHED.get().wrapping_add(1);
        TOUCHED.set(touched);
        if !touched.is_multiple_of(MEASURE_EVERY) {
            return Ok(None);
        }
        let own = context.scope().iter_raw();
        let own = own.filter_map(|(_, is_constant, value)| (!is_constant).then_some(value));
        let (mut entries, mut bytes) = (ENTRIES, BYTES);
        let fits = own
            .chain(context.this_ptr())
            .try_for_each(|value| measure(value, &mut entries, &mut bytes));
        match fits {
            Some(()) => Ok(None),
            None => Err(EvalAltResult::ErrorDataTooLarge("Size of all variables".into(), Position::NONE).into()),
        }
    });
    engine
}

/// Takes what a value needs from what is left; none if that is not enough.
fn measure(value: &Dynamic, entries: &mut usize, bytes: &mut usize) -> Option<()> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        *bytes = bytes.checked_sub(text.len())?;
    } else if let Some(array) = value.read_lock::<Array>() {
        *entries = entries.checked_sub(array.len())?;
        array.iter().try_for_each(|one| measure(one, entries, bytes))?;
    } else if let Some(map) = value.read_lock::<Map>() {
        *entries = entries.checked_sub(map.len())?;
        for (key, one) in &*map {
            *bytes = bytes.checked_sub(key.len())?;
            measure(one, entries, bytes)?;
        }
    }
    Some(())
}

/// Reads a rule, or takes it from those that were read before.
pub(super) fn compile(rule: &str, about: About) -> Result<Arc<AST>, Fault> {
    let malformed = |cause: String| Fault {
        kind: Failed::Malformed,
        cause,
        is_of_data: false,
    };
    if rule.len() > LONGEST {
        return Err(malformed(format!("it is longer than {LONGEST} bytes")));
    }
    let key = (about, rule.to_owned());
    if let Some(known) = COMPILED.get(&key) {
        return Ok(known);
    }
    let mut scope = Scope::new();
    for name in [about.as_str(), "request", "realm"] {
        scope.push_constant_dynamic(name, Dynamic::UNIT);
    }
    let read = catch_unwind(AssertUnwindSafe(|| ENGINE.compile_with_scope(&scope, rule)));
    let read = read.map_err(|_| malformed("it cannot be read".into()))?;
    let ast = Arc::new(read.map_err(|e| malformed(e.to_string()))?);
    COMPILED.insert(key, Arc::clone(&ast));
    Ok(ast)
}

/// What a rule gives.
pub(super) fn run(rule: &str, facts: &Facts<'_>) -> Result<Dynamic, Fault> {
    let ast = compile(rule, facts.about)?;
    let sender = facts.sender.as_json();
    let mut scope = Scope::new();
    scope.push_constant_dynamic(facts.about.as_str(), value(facts.subject)?);
    scope.push_constant_dynamic("request", value(&sender)?);
    scope.push_constant_dynamic("realm", facts.realm.into());
    ENDS.set(clock::used_by_thread() + TIME);
    let evaluated = catch_unwind(AssertUnwindSafe(|| {
        ENGINE.eval_ast_with_scope::<Dynamic>(&mut scope, &ast)
    }));
    match evaluated {
        Ok(Ok(given)) => Ok(given),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(Fault {
            kind: Failed::Broken,
            cause: "it cannot be evaluated".into(),
            is_of_data: false,
        }),
    }
}

fn value(json: &Value) -> Result<Dynamic, Fault> {
    rhai::serde::to_dynamic(json).map_err(|e| Fault {
        kind: Failed::Broken,
        cause: e.to_string(),
        is_of_data: true,
    })
}

fn failed(error: &EvalAltResult) -> Fault {
    use EvalAltResult as E;
    let mut inner = error;
    while let E::ErrorInFunctionCall(_, _, cause, _) = inner {
        inner = cause;
    }
    let kind = match inner {
        E::ErrorTooManyOperations(_)
        | E::ErrorTerminated(..)
        | E::ErrorTooManyVariables(_)
        | E::ErrorDataTooLarge(..)
        | E::ErrorStackOverflow(_) => Failed::Exhausted,
        _ => Failed::Broken,
    };
    let cause = match inner {
        E::ErrorTerminated(..) => format!("it takes longer than {} ms", TIME.as_millis()),
        _ => error.to_string(),
    };
    // What is not there is `()`, and so it is called in the text of whatever cannot do with it.
    let is_of_data = matches!(
        inner,
        E::ErrorArrayBounds(..) | E::ErrorStringBounds(..) | E::ErrorIndexNotFound(..) | E::ErrorPropertyNotFound(..)
    ) || cause.contains("()");
    Fault {
        kind,
        cause,
        is_of_data,
    }
}

/// The first function that a rule calls and that there is not, with its place.
pub(super) fn unknown_function(rule: &str) -> Option<String> {
    let mut known = std::collections::HashSet::new();
    let ready = || ENDS.set(clock::used_by_thread() + TIME);
    let call = calls::of(rule).into_iter().find(|call| {
        let is_known = known.contains(&call.name)
            || catch_unwind(AssertUnwindSafe(|| calls::is_known(&ENGINE, &call.name, ready))).unwrap_or(false);
        known.insert(call.name.clone());
        !is_known
    })?;
    let Call { name, line, position } = call;
    Some(format!("Function not found: {name} (line {line}, position {position})"))
}
