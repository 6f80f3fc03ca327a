//! The pages of the door, in both languages at once. They hold everything that they need.

use super::{
    authorize::Asked,
    ehr::DoorStaff,
    people::{DoorPatient, PeopleClient},
};

/// Parameters of a request that come back with the decision.
const KEPT: [&str; 11] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "aud",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "launch",
];

/// The form where a person says who they are, reads what is asked for, and agrees or not.
pub(super) fn consent(asked: &Asked, client: &PeopleClient, scopes: &[String], complaint: bool) -> String {
    let kept = KEPT.iter().map(|name| (*name, asked.get(name))).filter(|(_, value)| !value.is_empty());
    let hidden: String = kept.map(|(name, value)| hidden(name, value)).collect();
    let people: String = client.patients.iter().map(|one| option(&one.id, &one.name)).collect();
    let scopes: String = scopes.iter().map(|scope| format!("<li><code>{}</code></li>", escaped(scope))).collect();
    let complaint = match complaint {
        true => {
            "<p class=\"bad\" role=\"alert\">没有这个人。<span lang=\"en\">Nobody here is known by that.</span></p>"
        }
        false => "",
    };
    let body = format!(
        "<h1>登录并授权<br><small lang=\"en\">Sign in and consent</small></h1>\
         <p>应用 <strong>{client}</strong> 想读取您在本院的记录。<br>\
         <span lang=\"en\">The application <strong>{client}</strong> wants to read your record at this hospital.</span></p>\
         {complaint}<form method=\"post\" action=\"authorize\">{hidden}\
         <p><label for=\"patient\">您是谁 <span lang=\"en\">Who you are</span></label>\
         <select id=\"patient\" name=\"patient\">{people}</select></p>\
         <p><label for=\"resident_id\">或身份证号码 <span lang=\"en\">or your resident ID number</span></label>\
         <input id=\"resident_id\" name=\"resident_id\" autocomplete=\"off\"></p>\
         <h2>所请求的权限<br><small lang=\"en\">What is asked for</small></h2><ul>{scopes}</ul>\
         <p><button name=\"decision\" value=\"allow\">同意 <span lang=\"en\">Allow</span></button> \
         <button name=\"decision\" value=\"deny\">拒绝 <span lang=\"en\">Deny</span></button></p></form>",
        client = escaped(&client.client_id),
    );
    framed("登录并授权 · Sign in and consent", &body)
}

/// The desk of a hospital's own system: a clinician opens the application for the patient before them.
pub(super) fn desk(practitioners: &[DoorStaff], patients: &[DoorPatient]) -> String {
    let staff: String =
        practitioners.iter().map(|one| option(&one.id, &format!("{} · {}", one.name, one.username))).collect();
    let patients: String = patients.iter().map(|one| option(&one.id, &one.name)).collect();
    let body = format!(
        "<h1>医院信息系统<br><small lang=\"en\">The hospital's own system</small></h1>\
         <form method=\"post\" action=\"ehr\">\
         <p><label for=\"practitioner\">当前登录的医师 <span lang=\"en\">Signed in here as</span></label>\
         <select id=\"practitioner\" name=\"practitioner\">{staff}</select></p>\
         <p><label for=\"patient\">正在查看的患者 <span lang=\"en\">Patient</span></label>\
         <select id=\"patient\" name=\"patient\">{patients}</select></p>\
         <p><button>打开区域门户 <span lang=\"en\">Open the regional portal</span></button></p></form>"
    );
    framed("医院信息系统 · The hospital's own system", &body)
}

fn option(id: &str, name: &str) -> String {
    format!("<option value=\"{}\">{} ({})</option>", escaped(id), escaped(name), escaped(id))
}

/// What went wrong, for the person: nobody is sent back.
pub(super) fn fault(zh: &str, en: &str) -> String {
    let body = format!(
        "<h1>无法继续<br><small lang=\"en\">This can't go on</small></h1>\
         <p class=\"bad\" role=\"alert\">{}<br><span lang=\"en\">{}</span></p>",
        escaped(zh),
        escaped(en)
    );
    framed("无法继续 · This can't go on", &body)
}

/// An answer that the browser posts by itself, or by a button (OAuth 2.0 Form Post Response Mode).
pub(super) fn form_post(action: &str, fields: &[(&'static str, String)], nonce: &str) -> String {
    let fields: String = fields.iter().map(|(name, value)| hidden(name, value)).collect();
    let body = format!(
        "<h1>返回应用<br><small lang=\"en\">Back to the application</small></h1>\
         <form id=\"back\" method=\"post\" action=\"{}\">{fields}\
         <button>继续 <span lang=\"en\">Continue</span></button></form>\
         <script nonce=\"{nonce}\">document.getElementById('back').submit()</script>",
        escaped(action)
    );
    framed("返回应用 · Back to the application", &body)
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
}

fn framed(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\
         body{{font:1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}}\
         label{{display:block}}select,input,button{{font:inherit;padding:.4rem .7rem;max-width:100%;min-height:2.75rem}}\
         .bad{{border-inline-start:.3rem solid #b3261e;padding-inline-start:.7rem}}small{{font-weight:400}}\
         </style></head><body><main>{body}</main></body></html>"
    )
}

/// Text as it may stand in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
