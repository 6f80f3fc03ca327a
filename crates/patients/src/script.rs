//! Traditional characters of names and their simplified forms, so that 陳玉蘭 is found by who types 陈玉兰. For finding
//! and as weak evidence alone: what links by itself compares names as they are written.

// not shown: characters that names are compared by.

/// Traditional and simplified form, character by character, of what stands in names of people; one simplified character
/// may stand for several. After the *General Standard Chinese Characters* (2013), appendix 1.
const PAIRS: &str = "\
陳陈蘭兰劉刘張张黃黄趙赵吳吴楊杨孫孙馬马鄭郑謝谢許许鄧邓馮冯蕭萧葉叶蔣蒋盧卢賈贾鍾钟鐘钟閻阎韋韦譚谭龍龙萬万錢钱湯汤\
羅罗賀贺賴赖龔龚嚴严莊庄齊齐顏颜魯鲁蘇苏呂吕聶聂關关費费紀纪項项陽阳歐欧倫伦聞闻賓宾談谈鄒邹喬乔寧宁畢毕駱骆單单滿满\
麥麦慶庆龐庞華华衛卫範范婁娄饒饶邊边雲云鮑鲍戰战師师應应練练車车時时勞劳鳳凤貝贝紅红麗丽偉伟國国軍军東东傑杰強强艷艳\
豔艳靜静瓊琼學学輝辉愛爱榮荣瑩莹蓮莲鳴鸣鵬鹏飛飞鴻鸿鶴鹤銀银鋒锋銘铭鋼钢錦锦鎮镇鏡镜鐵铁鈞钧鈴铃鉛铅鑑鉴鑒鉴鳥鸟魚鱼\
義义書书會会園园圓圆團团圖图聖圣貴贵賢贤贊赞財财貞贞賜赐資资賽赛寶宝寬宽實实審审憲宪導导將将尋寻對对嬌娇嬋婵媽妈嫻娴\
孌娈嫵妩婭娅嬈娆夢梦奮奋奪夺獎奖奧奥島岛嶺岭峽峡嵐岚歲岁巖岩岡冈崗岗幹干帥帅帶带廣广廟庙廠厂廬庐彥彦彌弥彎弯從从復复\
徵征徹彻憶忆懷怀恆恒慮虑懇恳戀恋戲戏撫抚揚扬擇择擁拥擴扩攝摄敵敌數数晉晋晝昼暉晖曉晓曄晔曠旷曆历歷历樂乐樓楼標标樞枢\
樸朴樹树橋桥機机檢检櫻樱權权歡欢歸归殘残毀毁氣气漢汉潔洁濤涛濟济濱滨澤泽瀾澜瀟潇灣湾溫温滄沧漁渔潤润潯浔淵渊淺浅漣涟\
瀅滢瀧泷灝灏滬沪湧涌沖冲無无煒炜煥焕燁烨燈灯營营爐炉爾尔牽牵獻献獨独現现瑤瑶瑪玛環环璽玺瓏珑璣玑產产畫画當当發发盡尽\
監监盤盘眾众礎础禮礼禎祯禪禅種种穎颖積积穩稳窮穷競竞筆笔節节簡简築筑籃篮籌筹糧粮級级純纯紹绍紋纹細细組组結结絨绒統统\
絲丝絹绢經经綠绿綱纲綸纶維维綺绮緒绪線线緣缘編编緯纬縣县縱纵總总績绩織织繪绘繼继續续纓缨羨羡習习翹翘聯联聰聪聲声職职\
聽听肅肃脈脉膚肤興兴舉举舊旧艦舰蒼苍蓋盖蔭荫薔蔷薩萨藍蓝藝艺藥药蘆芦蘊蕴處处虛虚蝦虾螢萤蟬蝉術术裏里補补裝装製制覺觉\
覽览觀观計计訓训記记設设訪访詠咏詩诗詳详誠诚誌志語语誼谊調调論论諒谅諧谐諾诺謀谋謙谦講讲謹谨證证識识譯译議议護护譽誉\
讓让變变豐丰貫贯貿贸賞赏質质贏赢趕赶躍跃軒轩軟软載载輕轻輪轮轉转轟轰辦办農农邁迈連连進进運运達达遠远適适選选遙遥還还\
鄉乡醫医釋释錄录鍵键鏢镖鏵铧鐸铎鑄铸長长門门開开閃闪閏闰閑闲間间閣阁閩闽闊阔闖闯闡阐隊队階阶際际陸陆隨随險险隱隐隴陇\
雖虽雙双雜杂離离難难電电霧雾靈灵韓韩韻韵響响頁页頂顶順顺頌颂頓顿頡颉領领頻频顆颗題题願愿顧顾顯显風风颯飒飄飘飲饮館馆\
馭驭馳驰駒驹駿骏騏骐騰腾驍骁驕骄驊骅驚惊驥骥鬆松鬱郁鯉鲤鯨鲸鱗鳞鴛鸳鴦鸯鵑鹃鶯莺鷹鹰鸝鹂點点黨党齡龄龜龟淩凌甦苏峯峰\
羣群邨村昇升陞升甯宁綵彩堯尧勛勋勝胜勵励區区協协參参啟启啓启員员問问嘯啸囑嘱壯壮壽寿夾夹妝妆姍姗娛娱孿孪寢寝專专屆届\
屬属嶽岳嶸嵘嶼屿巔巅幣币庫库弒弑後后徑径悅悦惡恶態态憐怜戶户掃扫採采換换搖摇撥拨擔担據据攜携敘叙斂敛斷断條条楓枫業业\
極极構构槍枪樺桦橫横檸柠決决沒没況况淚泪測测湊凑準准滅灭漸渐潛潜濃浓灑洒災灾為为爭争狀状獅狮玨珏琺珐異异皚皑盞盏睏困\
祿禄稱称穀谷筍笋簫箫粵粤紗纱紛纷紐纽紡纺紳绅終终絳绛綉绣繡绣綢绸綿绵緹缇縉缙縝缜縷缕罰罚翺翱聳耸膽胆臉脸臨临與与芻刍\
萊莱葦苇蔔卜薑姜蘋苹號号蠟蜡衆众襲袭視视親亲訊讯託托評评詞词詢询試试話话該该誕诞請请諸诸謎谜謨谟貨货販贩貧贫責责貸贷\
賃赁賦赋購购贈赠贛赣趨趋跡迹輔辅輯辑輸输遊游遲迟遷迁郵邮鄰邻釗钊釧钏針针釣钓鈕钮銅铜銳锐銷销錚铮錫锡鍛锻鎖锁鎧铠鏈链\
閔闵閱阅闕阙陰阴霽霁靚靓韜韬頭头頤颐額额類类顰颦餘余駐驻駕驾騎骑驗验體体鬥斗鮮鲜鴿鸽鵡鹉鵝鹅鷗鸥鷺鹭鹽盐麵面";

/// The simplified form of a character, or itself.
pub(crate) fn simplified(c: char) -> char {
    if !('\u{3400}'..='\u{9fff}').contains(&c) {
        return c;
    }
    static TABLE: std::sync::LazyLock<std::collections::HashMap<char, char>> = std::sync::LazyLock::new(|| {
        let all: Vec<char> = PAIRS.chars().collect();
        all.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
    });
    TABLE.get(&c).copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_traditional_character_has_one_simplified_form() {
        let all: Vec<char> = PAIRS.chars().filter(|c| !c.is_whitespace()).collect();
        assert!(all.len().is_multiple_of(2));
        let mut seen = std::collections::HashMap::new();
        for pair in all.chunks_exact(2) {
            let before = seen.insert(pair[0], pair[1]);
            assert!(before.is_none_or(|before| before == pair[1]), "{} is {} and {:?}", pair[0], pair[1], before);
        }
        // A simplified form is nobody's traditional one: folding twice is folding once.
        for simple in seen.values() {
            assert_eq!(simplified(*simple), *simple);
        }
    }

    #[test]
    fn names() {
        let fold = |name: &str| name.chars().map(simplified).collect::<String>();
        assert_eq!(fold("陳玉蘭"), "陈玉兰");
        assert_eq!(fold("歐陽震華"), "欧阳震华");
        assert_eq!(fold("陈玉兰"), "陈玉兰");
        assert_eq!(fold("Chen"), "Chen");
    }
}
