# 公众门户自己的文字。

patient-sign-in = 登录区域健康
patient-sign-in-lead = 看结果、查健康档案
patient-username-hint = 开通账号时登记的用户名
patient-sign-in-note = 没有账号，或忘记密码？请带身份证到就诊医院的服务台办理。
patient-hello = { $name }，您好
patient-my-record = 我的健康档案
patient-reading-range = 每一项都写明数值、参考范围、日期和医院。超出参考范围不一定是病，要和您的情况一起看。
patient-reading-doctor = 以出具报告机构的参考范围和医生说明为准。
patient-no-record = 还没有可看的档案
patient-no-record-text = 您的账号还没有与医院的登记关联。请带身份证到就诊医院的服务台核对。
patient-hospitals-note = 结果由这些医院直接提供。别的医院的结果不在这里。
patient-record-lead = { $name }的档案，由各家医院直接提供
patient-sections = 可以看的内容
patient-back-record = 返回健康档案
patient-demographics-lead = 各家医院登记的您的信息
patient-differences = 医院登记得不一样
patient-differences-text = { $what }在各家医院写得不同。下次就诊时，请带身份证核对。
patient-demographics-wrong = 登记有错，请到那家医院的服务台更正；本站不改写医院的登记。
patient-show = 看什么
patient-show-all = 全部 { $count }
patient-show-abnormal = 超出范围 { $count }
patient-find = 找一项
patient-find-example = 例如 血糖
patient-find-submit = 找
patient-newer = 看较新的结果
patient-older = 看更早的结果
patient-say-title = 看不懂，或者和上次差很多？
patient-say-range = 以出具报告机构的参考范围和医生说明为准。数字要和您的情况一起看，请问您的医生。
patient-say-review = 医生看过并不等于没有问题，没看过也不用干等：身体不舒服，请直接就医。
plain-filtered-title = 没有这样的结果
plain-filtered-text = 您一共有 { $total } 项结果。
plain-filtered-all = 看全部结果
patient-back-results = 返回我的结果
detail-newest = 最近一次
detail-urgent-title = 请尽快就医
detail-urgent-text = 这一项明显超出参考范围。请尽快联系出具报告的医院或您的医生；胸闷、心慌、没力气、意识不清时，立即拨打 120。
detail-review-title = 医生看过没有
detail-course = 变化
detail-earlier = 以前的结果
detail-earlier-none = 没有更早的结果
detail-earlier-none-text = 以后再查同一项，会在这里排在一起。

# 病历摘要与就诊
patient-summary-lead = 过敏、用药、诊断和近期结果，由各家医院直接提供
patient-visits-lead = 您的门诊和急诊，新的在上
patient-allergies = 过敏，请先告诉医生
patient-differs-ask = 请带药盒或病历问医生，不要自己改。
patient-medicines = 正在用的药
patient-all-results = 看全部结果
patient-all-visits = 看全部就诊
patient-words-title = 这些词是什么意思
patient-summary-words = “待确认”：医生还在查，没有定下来。“推定”：看情况像是，还没有证实。“未应答”：那家医院的系统这次没有回复，不等于没有记录。
patient-summary-wrong = 内容有错，请到写它的那家医院更正；本站不改写医院的记录。
patient-visits-words = “鉴别诊断”“待确认”：医生当时还在考虑，不是定下来的诊断。“没有诊断记录”：医院没有写，不等于没有问题。

# 首页的最近结果
newest-failed = 现在查不到检验结果
newest-failed-text = 查不到不等于没有。请过一会儿再看。
newest-held = 有结果还不能在这里显示，原因见下。

# 首页的组件
widget-hospitals = 已联网的医院
widget-hospitals-hint = 能看到哪些医院的记录
widget-notices = 通知
widget-notices-hint = 当前有效的通知
widget-text = 文字
widget-text-hint = 自己写的一段文字（Markdown）
widget-text-text = 内容
articles-sign-in = 不登录也能看健康知识

# 给患者的消息
message-record-opened-title = 您的健康档案被紧急打开
message-record-opened-text = { $name }（{ $organisation-zh }）以紧急情况为由打开了您的健康档案，有效至 { $until }。医院会审查每一次紧急访问。如有疑问，请向医院询问。
