"""One order on its way, before it is written, and what inspectors write."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from siteloop.foundation.registry.models import Site
from siteloop.systems.inspection.models import (
    CheckItem,
    CheckTable,
)

SEED = 20263
RECTIFY, STOPS, TRANSFERS = 1053, 72, 18
DAYS = 365
INSPECTORS = 6
BODY = "平湖市质安监督站（演示）"
#: what inspectors write; a line not named here gets a general sentence
PROBLEMS = {
    "安全生产责任制": "项目部安全生产责任制未逐级签订",
    "安全技术交底": "脚手架搭设未见分项安全技术交底签字",
    "安全教育": "新进场工人三级安全教育记录缺失",
    "持证上岗": "电焊工、架子工各一人未见有效操作证",
    "现场围挡": "西侧围挡破损约 12 米",
    "封闭管理": "大门无值守，外来人员未登记",
    "施工场地": "主要道路未硬化，裸土未覆盖",
    "材料管理": "钢筋、模板混堆，未挂标识牌",
    "现场防火": "木工棚灭火器过期，未设禁烟标志",
    "架体与建筑结构拉结": "外脚手架连墙件缺失 3 处",
    "脚手板与防护栏杆": "作业层脚手板未满铺，挡脚板缺失",
    "杆件间距与剪刀撑": "局部剪刀撑未连续到顶",
    "基坑支护": "支护桩间渗水未及时封堵",
    "坑边荷载": "坑边 1 米内堆放钢筋",
    "基坑监测": "本周监测日报未上传",
    "支架构造": "高支模立杆间距超方案",
    "支架稳定": "扫地杆局部缺失",
    "安全帽": "两名工人未系下颏带",
    "临边防护": "三层楼梯临边防护缺失",
    "洞口防护": "电梯井口未设固定防护门",
    "接地与接零保护系统": "二级配电箱重复接地松脱",
    "配电箱与开关箱": "三级箱漏电保护器失灵",
    "配电线路": "电缆沿地面敷设无保护",
    "限位装置": "施工升降机上限位失效",
    "多塔作业": "群塔作业未见防碰撞措施",
    "电焊机": "电焊机二次侧未装空载降压保护器",
}
PRIVATE_DEMANDS = ("立即整改，复查前停止该部位作业", "三日内整改并举一反三", "限期整改并书面回复")


@dataclass
class Story:
    """One order on its way, before it is written."""

    at: dt.datetime
    code: str  # measure
    site: Site
    replied_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    colour: str = ""
    items: list[dict[str, str]] = field(default_factory=list)
    failed: list[CheckItem] = field(default_factory=list)
    table: CheckTable | None = None
    order: Any = None
    is_transferred: bool = False
