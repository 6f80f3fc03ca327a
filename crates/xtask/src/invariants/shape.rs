//! The size of things, reasons of exceptions, and names that say nothing.

use syn::spanned::Spanned as _;
use syn::visit::Visit;

use super::Breach;
use super::sources::SourceFile;

const LONGEST_FILE: usize = 600;
const LONGEST_FUNCTION: usize = 80;

/// Endings and whole names of types and modules that tell a reader nothing.
const EMPTY_ENDINGS: [&str; 7] = ["Manager", "Helper", "Util", "Impl", "Data", "Info", "Common"];
const EMPTY_MODULES: [&str; 9] =
    ["util", "utils", "helper", "helpers", "common", "models", "entities", "misc", "manager"];

/// Everything about shape in one file, tests included.
pub fn check(file: &SourceFile) -> Vec<Breach> {
    let mut visitor = Shape { file, breaches: Vec::new() };
    let lines = file.text.lines().count();
    if lines > LONGEST_FILE {
        visitor.report("file-size", 1, format!("{lines} lines, {LONGEST_FILE} at most: split it by idea"));
    }
    visitor.visit_file(&file.syntax);
    visitor.breaches
}

struct Shape<'a> {
    file: &'a SourceFile,
    breaches: Vec<Breach>,
}

impl Shape<'_> {
    fn report(&mut self, rule: &'static str, line: usize, what: String) {
        self.breaches.push(Breach { rule, place: format!("{}:{line}", self.file.path), what });
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.span().start().line, block.span().end().line);
        let lines = last - first + 1;
        if lines > LONGEST_FUNCTION && !self.excused(first) {
            let what = format!(
                "`{}` has {lines} lines, {LONGEST_FUNCTION} at most: split it, or say why not: `// long: …` above it",
                signature.ident
            );
            self.report("function-size", first, what);
        }
    }

    /// A comment `// long: reason` among the comments and attributes directly above `line`.
    fn excused(&self, line: usize) -> bool {
        let above: Vec<&str> = self.file.text.lines().take(line - 1).collect();
        above
            .iter()
            .rev()
            .map(|text| text.trim())
            .take_while(|text| text.starts_with("//") || text.starts_with('#') || text.ends_with(']'))
            .any(|text| text.strip_prefix("// long:").is_some_and(|reason| !reason.trim().is_empty()))
    }

    fn type_name(&mut self, ident: &syn::Ident) {
        let name = ident.to_string();
        if EMPTY_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            self.report("name", ident.span().start().line, format!("`{name}` says nothing: name what it is"));
        }
    }
}

impl<'ast> Visit<'ast> for Shape<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        syn::visit::visit_impl_item_fn(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let excuse = attribute.path().is_ident("allow") || attribute.path().is_ident("expect");
        if let (true, Ok(list)) = (excuse, attribute.meta.require_list()) {
            let reasoned = list.tokens.clone().into_iter().any(|token| token.to_string() == "reason");
            if !reasoned {
                let what = format!(
                    "`{}(…)` without `reason = \"…\"`",
                    if attribute.path().is_ident("allow") { "allow" } else { "expect" }
                );
                self.report("excuse", attribute.span().start().line, what);
            }
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.type_name(&item.ident);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.type_name(&item.ident);
        syn::visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.type_name(&item.ident);
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if EMPTY_MODULES.contains(&name.as_str()) {
            self.report("name", item.ident.span().start().line, format!("module `{name}` says nothing: name its idea"));
        }
        syn::visit::visit_item_mod(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::sources::product;
    use super::*;

    fn noticed(text: &str) -> Vec<&'static str> {
        check(&product("web", text)).into_iter().map(|breach| breach.rule).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_long_file_is_noticed() {
        assert_eq!(noticed(&"// line\n".repeat(LONGEST_FILE)), Vec::<&str>::new());
        assert_eq!(noticed(&"// line\n".repeat(LONGEST_FILE + 1)), ["file-size"]);
    }

    #[test]
    fn a_long_function_is_noticed() {
        assert_eq!(noticed(&function_of(LONGEST_FUNCTION)), Vec::<&str>::new());
        assert_eq!(noticed(&function_of(LONGEST_FUNCTION + 1)), ["function-size"]);
        assert_eq!(noticed(&format!("impl A {{\n{}}}", function_of(LONGEST_FUNCTION + 1))), ["function-size"]);
    }

    #[test]
    fn a_reason_excuses_a_long_function() {
        let long = function_of(LONGEST_FUNCTION + 1);
        assert_eq!(noticed(&format!("// long: one table\n/// Says so.\n#[inline]\n{long}")), Vec::<&str>::new());
        assert_eq!(noticed(&format!("// long:\n{long}")), ["function-size"]);
    }

    #[test]
    fn an_excuse_without_reason_is_noticed() {
        assert_eq!(noticed("#[allow(dead_code)]\nfn f() {}"), ["excuse"]);
        assert_eq!(noticed("#![expect(dead_code)]\nfn f() {}"), ["excuse"]);
        assert_eq!(noticed("#[allow(dead_code, reason = \"x\")]\nfn f() {}"), Vec::<&str>::new());
    }

    #[test]
    fn an_empty_name_is_noticed() {
        assert_eq!(noticed("struct SessionManager;"), ["name"]);
        assert_eq!(noticed("mod utils { }"), ["name"]);
        assert_eq!(noticed("struct Session;"), Vec::<&str>::new());
    }
}
