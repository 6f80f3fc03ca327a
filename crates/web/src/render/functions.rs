//! What templates can call: `t`, `word`, `asset`, `icon`, `date`, `datetime`.

use std::sync::Arc;

use jiff::Timestamp;
use tera::{Error, Kwargs, State, Tera, TeraResult, Value};

use super::{Arg, Words, assets::Assets, time};

pub(super) fn register(engine: &mut Tera, words: &Arc<Words>, assets: &Assets) {
    let own = Arc::clone(words);
    // t(key="greeting", name=user.name): the message in the engine's language; escaped like every value.
    engine.register_function("t", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<String> {
        translate(&own, &kwargs)
    });
    let own = Arc::clone(words);
    // word(key="role-" ~ role, otherwise=role): the words of a code that may be unknown to us.
    engine.register_function("word", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let key = kwargs.must_get::<&str>("key")?;
        if own.has(key) { Ok(own.text(key)) } else { Ok(kwargs.must_get::<&str>("otherwise")?.to_owned()) }
    });
    let own = assets.clone();
    // asset(path="portal.css"): its address, which changes with its content.
    engine.register_function("asset", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let path = kwargs.must_get::<&str>("path")?;
        own.address(path).ok_or_else(|| Error::message(format!("no static file {path}")))
    });
    let own = assets.clone();
    // icon(name="search"): decoration, hidden from screen readers; the words stand beside it.
    engine.register_function("icon", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<Value> {
        let name = kwargs.must_get::<&str>("name")?;
        let markup = own.icon(name).ok_or_else(|| Error::message(format!("no icon {name}")))?;
        Ok(Value::safe_string(&markup))
    });
    let own = Arc::clone(words);
    // date(value="2026-11-20", form="long"): at the precision of the value; forms iso, long, weekday.
    engine.register_function("date", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let style = kwargs.get::<&str>("form")?.unwrap_or("iso");
        let style = time::Style::named(style).ok_or_else(|| Error::message(format!("no date style {style}")))?;
        Ok(time::date(&own, kwargs.must_get::<&str>("value")?, style))
    });
    let own = Arc::clone(words);
    // datetime(value=frame.now): an instant (RFC 3339) on the region's clocks.
    engine.register_function("datetime", move |kwargs: Kwargs, _: &State<'_>| -> TeraResult<String> {
        let value = kwargs.must_get::<&str>("value")?;
        let at: Timestamp = value.parse().map_err(|_| Error::message("datetime: not an instant"))?;
        Ok(own.minute(at))
    });
}

fn translate(words: &Words, kwargs: &Kwargs) -> TeraResult<String> {
    let key = kwargs.must_get::<&str>("key")?;
    let mut args = Vec::new();
    for (name, value) in kwargs.iter() {
        let Some(name) = name.as_str().filter(|name| *name != "key") else { continue };
        let arg = match (value.as_i64(), value.as_str()) {
            (Some(number), _) => Arg::from(number),
            (None, Some(text)) => Arg::from(text),
            _ => Arg::from(value.to_string()),
        };
        args.push((name, arg));
    }
    if cfg!(debug_assertions) {
        words.find(key, &args).map_err(|error| Error::message(error.to_string()))
    } else {
        Ok(words.with(key, &args))
    }
}
