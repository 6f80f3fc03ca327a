# 两个门户共用的外框、登录和出错页。中文为先，英文键与此一一对应。

brand-internal = 区域健康信息平台
brand-external = 区域健康
skip-to-content = 跳到正文
other-language = English
theme-dark = 深色
theme-light = 浅色
theme-auto = 随系统
print = 打印
sign-out = 退出
nav-main = 主导航
nav-bottom = 底部导航
nav-desk = 工作台
nav-patients = 患者
nav-index = 主索引
nav-data-quality = 数据质量
nav-jobs = 后台任务
nav-sources = 数据来源
nav-flows = 授权流程
nav-pages = 页面与布局
nav-roles = 角色与权限
nav-administration = 管理
nav-articles = 健康知识
nav-desk-articles = 文章编审
nav-notices = 通知
nav-home = 首页
nav-booking = 挂号
nav-record = 健康档案
nav-results = 我的结果
bar-search-label = 查找其他患者
foot-emergency = 急症请立即拨打 120
foot-not-a-diagnosis = 本站内容不代替医生的诊断
list-separator = 、
sentence-separator = ；

# 日期
date-long = { $year } 年 { $month } 月 { $day } 日
date-month = { $year } 年 { $month } 月
date-year = { $year } 年
date-weekday = { $year } 年 { $month } 月 { $day } 日 { $weekday ->
    [1] 星期一
    [2] 星期二
    [3] 星期三
    [4] 星期四
    [5] 星期五
    [6] 星期六
   *[7] 星期日
}

# 登录
sign-in-refused-title = 用户名或密码不对
sign-in-refused-text = 请核对后再试。多次输错会暂停登录一段时间。
sign-in-unavailable-title = 暂时无法核对您的账号
sign-in-unavailable-text = 账号服务没有应答，与您的密码无关。请过一两分钟再试。
sign-in-too-many-title = 尝试次数太多
sign-in-too-many-text = 为保护账号，登录已暂停一段时间，请过几分钟再试。
sign-in-missing-title = 请填写用户名和密码
sign-in-missing-text = 两项都要填写才能登录。
sign-in-expired-title = 登录已过期，请重新登录
sign-in-expired-text = 一段时间没有操作，平台已自动退出。登录后回到刚才的页面。
sign-in-stale-title = 页面放得太久了
sign-in-stale-text = 请再提交一次，内容没有丢。
sign-in-signed-out-title = 已退出
sign-in-signed-out-text = 在公用电脑上，请同时关闭浏览器。
sign-in-to-field = 去填写
username = 用户名
password = 密码
organisation = 所属机构
sign-in = 登录

# 出错页
error-prefix = 错误：
error-what = 发生了什么
error-report = 还是不行？
error-report-text = 请联系信息科，并报下面的编号，他们能据此查到原因。
error-report-plain = 需要帮助时，请告诉我们这个编号：
error-request-id = 编号
error-time = 时间
error-status = 状态码
error-retry-after = { $seconds } 秒后再试较合适。
try-again = 再试一次
to-desk = 回工作台
to-home = 回首页
to-search = 查找患者
to-sign-in = 去登录
error-not-found-title = 找不到这一页
error-not-found-text = 可能是网址不全、内容已下线，或者这份内容您没有权限看。
error-not-found-next = 请从首页或菜单进入；已有的内容不受影响。
error-forbidden-title = 您没有权限做这件事
error-forbidden-text = 您的账号没有这一项权限，什么都没有改动。
error-forbidden-next = 如果工作需要，请联系本机构的平台管理员。
error-break-glass-required-title = 没有诊疗关系，病历未打开
error-break-glass-required-text = 这位患者在册，但您与其没有诊疗关系，所以病历没有打开。
error-break-glass-required-next = 请由经治医生转诊或邀请会诊；紧急情况请电话联系经治科室。
error-not-signed-in-title = 请先登录
error-not-signed-in-text = 看这一页需要先登录，或者登录已经过期。
error-not-signed-in-next = 登录后会回到这一页。
error-too-many-title = 请求太频繁，请稍等
error-too-many-text = 短时间内的请求太多，平台暂停了应答。
error-too-many-next = 等一会儿再试，不用一直刷新。
error-invalid-title = 这个请求没有办理
error-invalid-text = 提交的内容平台看不懂，什么都没有改动。
error-invalid-next = 请返回上一页核对后再提交。
error-conflict-title = 内容刚刚被别人改过
error-conflict-text = 您看到的已经不是最新的，所以没有保存。
error-conflict-next = 请重新打开这一页再改。
error-unavailable-title = 平台暂时办不了
error-unavailable-text = 平台依赖的一项服务没有应答。没有保存成功的内容不会变成两份，已经保存的没有丢。
error-unavailable-next = 请过一会儿再试。急诊需要时，请直接用各业务系统或电话联系。
error-unavailable-next-plain = 请过几分钟再试，不用一直刷新。
error-meanwhile = 现在可以这样
error-meanwhile-open = 已经打开的页面
error-meanwhile-open-text = 能看、能打印，直到关闭。
error-meanwhile-own = 医院自己的系统
error-meanwhile-own-text = 不经过本平台，照常使用，要各自登录。
error-meanwhile-closed = 打不开的病历
error-meanwhile-closed-text = 每次调阅必须先记入审计，记不上就不打开，紧急调阅也一样；请电话联系经治科室。
error-urgent-plain = 急症不要等
error-urgent-plain-text = 胸痛、喘不上气、突然说不清话：立即拨打 120。
error-internal-title = 平台出了差错
error-internal-text = 这是平台自身的问题，已经记录下来。
error-internal-next = 请再试一次；还是不行，请报下面的编号。
error-request-timeout-title = 请求没有传完
error-request-timeout-text = 网络太慢或中断，平台没有等到完整的请求。
error-request-timeout-next = 请检查网络后再试。
error-too-large-title = 提交的内容太大
error-too-large-text = 超过了平台能接收的大小，什么都没有改动。
error-too-large-next = 请减少内容后再提交。
error-method-not-allowed-title = 这个地址不支持这样的操作
error-method-not-allowed-text = 什么都没有改动。
error-method-not-allowed-next = 请从首页或菜单进入。
error-unsupported-media-type-title = 提交的格式不支持
error-unsupported-media-type-text = 平台看不懂这种格式，什么都没有改动。
error-unsupported-media-type-next = 请从页面上的表单提交。

# 页面上的组件
widget-category-record = 患者与病历
widget-category-content = 内容
widget-category-ways = 入口
widget-category-portal = 平台
widget-unknown = 未知组件（{ $kind }）
widget-later = 正在取内容……
widget-wait = 等它取完
widget-expand = 展开
widget-trouble-failed = 这个组件出错了
widget-trouble-failed-text = 页面的其他部分不受影响。
widget-trouble-too-slow = 这个组件没有及时给出内容
widget-trouble-too-slow-text = 页面的其他部分不受影响。
widget-trouble-out-of-service = 这个组件暂停服务
widget-trouble-out-of-service-text = 它连续出错，先停一会儿；恢复后会自动回来。
widget-trouble-settings = 这个组件的设置不再适用
widget-trouble-settings-text = 原来的设置都还在，请页面管理员修改。
widget-trouble-other-version = 这个组件的设置属于另一个版本
widget-trouble-other-version-text = 原来的设置都还在，请页面管理员重新设置。
widget-trouble-unknown = 这里没有安装这个组件
widget-trouble-unknown-text = 它的位置和设置都还在，安装后会再次出现。
misfit-missing = 必须填写
misfit-unknown = 没有这项设置
misfit-wrong-type = 内容的类型不对
misfit-too-long = 太长
misfit-out-of-bounds = 超出允许的范围
misfit-unknown-choice = 不在可选项里
misfit-no-address = 不是可以打开的地址
widget-links = 链接
widget-links-hint = 自己整理的一组链接
widget-links-title = 名称
widget-links-url = 地址
widget-links-none = 还没有设置链接。
widget-applications = 业务系统
widget-applications-hint = 其他系统的入口，各自登录
widget-applications-title = 名称
widget-applications-url = 地址
widget-applications-icon = 图标
widget-applications-none = 还没有设置业务系统。
widget-calendar = 日历
widget-calendar-hint = 本月的日历
widget-calendar-first-day = 一周从哪天开始
widget-calendar-first-day-monday = 星期一
widget-calendar-first-day-sunday = 星期日
widget-what-to-do = 您要看什么
widget-what-to-do-hint = 进入自己的健康档案
widget-new-results = 最近的检验结果
widget-new-results-hint = 最近一天最要紧的检验结果
widget-reading = 怎么看结果
widget-reading-hint = 看检验结果的说明
widget-health-education = 健康教育
widget-health-education-hint = 新发布的健康知识
widget-health-education-most = 最多显示几条
icon-name-layers = 图层
icon-name-hospital = 医院
icon-name-scan = 扫描
icon-name-flask-conical = 烧瓶
icon-name-stethoscope = 听诊器
icon-name-bed = 床位
icon-name-pill = 药片
icon-name-syringe = 注射器
icon-name-receipt-text = 单据
icon-name-heart-pulse = 心电
icon-name-file-text = 文档
icon-name-users = 人员
weekday = { $day ->
    [1] 星期一
    [2] 星期二
    [3] 星期三
    [4] 星期四
    [5] 星期五
    [6] 星期六
   *[7] 星期日
 }
weekday-short = { $day ->
    [1] 一
    [2] 二
    [3] 三
    [4] 四
    [5] 五
    [6] 六
   *[7] 日
 }

# 消息
nav-messages = 消息
messages-title = 消息
messages-unread = { $count } 条未读
messages-new = 新
messages-mark = 标为已读
messages-mark-all = 全部标为已读
messages-none = 没有消息
messages-none-text = 与您有关的事项会在此告知。

# Acting for somebody else
acting-for = 您正在代{ $name }办理
acting-end = 换人或返回
foot-sharing = 家人代办
foot-access-log = 谁看过我的档案
